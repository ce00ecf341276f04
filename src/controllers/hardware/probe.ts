import type { HardwareProfile, HardwareProfileStatus } from '../../api/hardware-profile.ts';
import { fingerprint } from '../../core/hardware/fingerprint.ts';
import { podName, type Settled, step } from '../shared/attempt.ts';
import { childName } from '../shared/names.ts';
import { podOutcome } from '../shared/pod-outcome.ts';
import type { HardwareSnapshot } from './gather.ts';

/** The name that the pods of one probe share. */
const probeName = ({ metadata, status }: HardwareProfile) =>
  childName(`probe-${metadata.name}`, String(status?.probe?.count ?? 0));

/** The pod of the present attempt. */
export const probePod = (profile: HardwareProfile): string => podName(probeName(profile), profile.status?.attempts);

/** Nodes of one type that differ would have it probed without end. */
const againAtMostEveryMs = 10 * 60_000;

/** Whether what was found of a type may no longer be so: it was never probed, the workers are others, or a trial met another machine. */
function isStale({ profile, met }: HardwareSnapshot, image: string, nowMs: number): boolean {
  const { probe, fingerprint: known } = profile?.status ?? {};
  if (!probe?.finished || probe.image !== image) return true;
  if (nowMs - Date.parse(probe.finished) < againAtMostEveryMs) return false;
  return !!met && met.finished > probe.finished && fingerprint(met.facts) !== known;
}

/** One step of a probe: none is started before the nodes are there for good, and one that runs is seen to its end. */
export function probeStep(
  snapshot: HardwareSnapshot & { profile: HardwareProfile },
  status: HardwareProfileStatus,
  options: { image: string; stable: boolean; nowMs: number },
): Settled<HardwareProfileStatus> {
  const { profile, pod } = snapshot;
  const { image, stable, nowMs } = options;
  const idle = { status, events: [], finished: false };
  if (!pod && !(stable && isStale(snapshot, image, nowMs))) return idle;
  const count = status.probe?.count ?? 0;
  const finished = new Date(nowMs).toISOString();
  const settled = step<HardwareProfileStatus>({
    ...{ owner: { name: probeName(profile), generation: profile.metadata.generation }, status },
    ...{ conditionType: 'Probed', pod, outcome: pod && podOutcome(pod), doneReason: 'Measured', nowMs },
    take({ result }) {
      if (result.kind !== 'Probe') {
        const message = `the pod answered a ${result.kind}`;
        return { invalid: { kind: 'Failed', reason: 'WorkerCrashed', message, retryable: true } };
      }
      const { facts, abilities } = result;
      const found = fingerprint(facts);
      const known = status.fingerprint;
      const generation = (status.generation ?? 1) + (known && known !== found ? 1 : 0);
      const { memory } = abilities.bandwidthGBps;
      const { fp32, int8, fp16 } = abilities.peakGops;
      const rates = `FP32 ${fp32.toFixed(0)} and INT8 ${int8.toFixed(0)} Gop/s`;
      const message = facts.gpu
        ? `${facts.gpu.name}: memory ${memory.toFixed(0)} GB/s, ${rates}${fp16 ? `, FP16 ${fp16.toFixed(0)}` : ''}`
        : `${facts.cpuModel}: memory ${memory.toFixed(1)} GB/s, ${rates} a thread`;
      return { status: { ...status, facts, abilities, fingerprint: found, generation }, message };
    },
  });
  if (!settled.finished) return settled;
  // What was known stays where a probe failed: it is not tried again before something has changed.
  const probe = { count: count + 1, image, finished };
  return { ...settled, status: { ...settled.status, probe, attempts: undefined } };
}
