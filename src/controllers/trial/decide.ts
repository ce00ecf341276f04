import type { MeasureResult, MeasureTask } from '../../api/task.ts';
import type { Trial, TrialStatus } from '../../api/trial.ts';
import { durationMs, quantity } from '../../api/units.ts';
import { memoryWall } from '../../core/hardware/memory-wall.ts';
import { lossOf } from '../../core/quality/metric.ts';
import { setCondition } from '../../runtime/conditions.ts';
import { isSettled, type Settled, step } from '../shared/attempt.ts';
import { isFirstPhase } from '../shared/phases.ts';
import { type PodOutcome, podOutcome } from '../shared/pod-outcome.ts';
import type { TrialSnapshot } from './gather.ts';

export interface TrialDecision extends Settled<TrialStatus> {
  /** What the pod to start is to measure. */
  task?: MeasureTask;
}

/** What a worker is asked to measure; undefined while a variant it needs is not there. */
function taskOf({ trial, search, variant, baseline }: TrialSnapshot): MeasureTask | undefined {
  const [candidate, control] = [variant?.status, baseline?.status];
  if (!search || !variant || !candidate?.artifact || !control?.artifact) return undefined;
  return {
    kind: 'Measure',
    candidate: { digest: candidate.artifact.digest },
    baseline: { digest: control.artifact.digest },
    // What was recorded is compared once, with the first phase.
    outputs: isFirstPhase(search, trial) ? candidate.outputs : undefined,
    output: variant.spec.output,
    heldout: variant.spec.heldout,
    inputs: trial.spec.phase?.inputs ?? variant.spec.heldout,
    batchSize: trial.spec.batchSize,
    minSamples: trial.spec.minSamples,
    maxMeasureMs: durationMs(trial.spec.maxMeasureTime),
    stopWhenSlower:
      variant.metadata.name !== trial.spec.baselineRef.name &&
      candidate.quality !== undefined &&
      control.quality !== undefined &&
      lossOf(candidate.quality) >= lossOf(control.quality),
    cpuLimit: quantity(search.spec.worker.cpu),
  };
}

const seconds = (from: string | undefined, to: string | undefined) =>
  from && to ? (Date.parse(to) - Date.parse(from)) / 1000 : undefined;

/** The result as status; which pod on which node it came from included. */
function measuredStatus(
  status: TrialStatus,
  { invalid: _, kind: _k, ...result }: MeasureResult,
  { pod, profile }: TrialSnapshot,
  finished: string | undefined,
): TrialStatus {
  const podCreated = pod?.metadata.creationTimestamp;
  const total = seconds(podCreated, finished);
  return {
    ...status,
    ...result,
    ...(result.work && { memory: memoryWall(result.work, result.latency.p50Ms, profile?.status?.abilities) }),
    ...{ pod: pod?.metadata.name, node: pod?.spec.nodeName, podCreated, finished },
    overheadSeconds: total === undefined ? undefined : Math.max(0, total - result.measuredSeconds),
  };
}

/** What stands in the way of a trial for good. */
function obstacle({ profile, trial, variant }: TrialSnapshot): [reason: string, message: string] | undefined {
  if (!profile) {
    const { accelerator } = trial.spec;
    return [
      'AcceleratorNotFound',
      `there is no HardwareProfile "${accelerator}": kubectl get hardwareprofiles lists them`,
    ];
  }
  if (!variant) return ['VariantNotFound', `there is no Variant "${trial.spec.variantRef.name}": it was deleted`];
  return undefined;
}

/**
 * A control that takes this many times as long as when it was the subject, or a part of it, was measured on what is no
 * longer the same machine. Smaller shifts are in the ratio of both and harm no comparison.
 */
const farthestControl = 1.5;

/** Why a finished measurement does not count, if so. */
function invalidity(
  { invalid, baseline }: MeasureResult,
  reference: Trial | undefined,
): { reason: string; message: string } | undefined {
  const before = reference?.status?.latency?.p50Ms;
  if (invalid || !before) return invalid;
  const ratio = baseline.p50Ms / before;
  if (ratio < farthestControl && ratio > 1 / farthestControl) return undefined;
  return {
    reason: 'ControlOff',
    message: `the base model took ${baseline.p50Ms.toFixed(2)} ms here and ${before.toFixed(2)} ms in its own trial: the node has changed its speed, see whether something else runs on it`,
  };
}

/** Whether the machines that a trial ran on are still what they were: a trial of others says nothing of these. */
function withCurrency(status: TrialStatus, { trial, profile }: TrialSnapshot, nowMs: number): TrialStatus {
  const { accelerator, generation = 1 } = trial.spec;
  const present = profile?.status?.generation ?? generation;
  if (present === generation) return status;
  const message = `measured on generation ${generation} of ${accelerator}, which is at ${present} now: processor, caches or engine are others`;
  const condition = { type: 'Stale', status: 'True', reason: 'HardwareChanged', message } as const;
  return { ...status, conditions: setCondition(status.conditions ?? [], condition, nowMs) };
}

/** Pure: one step of measuring a variant on an accelerator. */
export function decide(snapshot: TrialSnapshot, nowMs: number): TrialDecision {
  const { trial, search, pod } = snapshot;
  const status: TrialStatus = { ...trial.status, observedGeneration: trial.metadata.generation };
  if (isSettled(trial.status, 'Succeeded')) {
    return { status: withCurrency(status, snapshot, nowMs), events: [], finished: true };
  }
  const blocked = pod ? undefined : obstacle(snapshot);
  if (blocked) {
    const [reason, message] = blocked;
    const condition = { type: 'Succeeded', status: 'False', reason, message } as const;
    const conditions = setCondition(status.conditions ?? [], condition, nowMs);
    return { status: { ...status, conditions }, events: [{ type: 'Warning', reason, message }], finished: true };
  }
  const decision = step<TrialStatus>({
    owner: trial.metadata,
    status: { ...status, pod: pod?.metadata.name ?? status.pod, node: pod?.spec.nodeName ?? status.node },
    conditionType: 'Succeeded',
    pod,
    outcome: pod && podOutcome(pod),
    doneReason: 'Measured',
    nowMs,
    take({ result, finished }) {
      const again = (reason: string, message: string): { invalid: PodOutcome } => ({
        invalid: { kind: 'Failed', reason, message, retryable: true },
      });
      if (result.kind !== 'Measure') return again('WorkerCrashed', `the pod answered a ${result.kind}`);
      // An invalid measurement is no measurement: it is made again, and never enters a front.
      const invalid = invalidity(result, snapshot.reference);
      if (invalid) return again(invalid.reason, invalid.message);
      const { p50Ms, p99Ms, samples } = result.latency;
      const early = result.stoppedEarly ? ', stopped early: slower and no more accurate' : '';
      const message = `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms over ${samples} runs, ${result.ratio.value.toFixed(3)} times the baseline${early}`;
      return { status: measuredStatus(status, result, snapshot, finished), message };
    },
  });
  const task = taskOf(snapshot);
  return { ...decision, task, start: search?.spec.suspend || !task ? undefined : decision.start };
}
