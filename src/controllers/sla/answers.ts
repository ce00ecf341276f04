import type { HardwareProfile } from '../../api/hardware-profile.ts';
import type { LatencySLA } from '../../api/latency-sla.ts';
import type { Trial } from '../../api/trial.ts';
import type { Answers, RolloutAction } from '../../core/rollout/canary.ts';
import type { Answered, Ask } from '../../sources/source.ts';
import type { TargetPod, TargetSnapshot } from '../../targets/target.ts';
import { acceleratorAt } from './finalists.ts';

/** What a pod of the canary answered when it was asked; `Unknown` where there is nothing to ask it. */
export interface PodAnswer {
  pod: string;
  answered: Answered | { kind: 'Unknown' };
}

type WaitingPod = TargetPod & { address: string };
const isWaiting = (pod: TargetPod): pod is WaitingPod =>
  pod.track === 'canary' && pod.waiting === true && pod.address !== undefined;

/** What was measured of a variant on the accelerator that a pod is on. */
function trialAt(variant: string, { node }: TargetPod, known: { trials: Trial[]; profiles: HardwareProfile[] }) {
  const accelerator = acceleratorAt(known.profiles, node);
  return known.trials.find(
    ({ spec, status }) => spec.variantRef.name === variant && spec.accelerator === accelerator && status?.challenge,
  );
}

/** Asks every pod of the canary that waits to be admitted. */
export async function answersOf(
  ask: Ask,
  { spec, status }: LatencySLA,
  target: TargetSnapshot,
  known: { trials: Trial[]; profiles: HardwareProfile[] },
): Promise<PodAnswer[]> {
  const { answers } = spec.rollout;
  const variant = status?.rollout?.variant;
  if (variant === undefined) return [];
  return Promise.all(
    target.pods.filter(isWaiting).map(async (pod): Promise<PodAnswer> => {
      const challenge = trialAt(variant, pod, known)?.status?.challenge;
      // One that an SLA held back which asks for nothing any more, or that can't be asked, is not kept waiting for ever.
      const answered =
        challenge && answers ? await ask(pod.address, answers, challenge) : ({ kind: 'Unknown' } as const);
      return { pod: pod.name, answered };
    }),
  );
}

/** What the answers mean for the rollout: one wrong answer is enough. */
export function answersVerdict(answers: readonly PodAnswer[] = []): Answers | undefined {
  const told = (kind: 'Different' | 'NoAnswer') =>
    answers.flatMap(({ pod, answered }) => (answered.kind === kind ? `pod ${pod} ${answered.text}` : []))[0];
  const [different, none] = [told('Different'), told('NoAnswer')];
  if (different) return { verdict: 'Wrong', evidence: different };
  return none ? { verdict: 'Unknown', evidence: none } : undefined;
}

/** What is done to a target: the machine's actions, and beside them a pod of the canary that is let have requests. */
export type TargetAction = RolloutAction | { kind: 'Admit'; pod: string; at: string };

/** Lets those pods have their share whose answers are right, or can't be told. */
export const admissions = (answers: readonly PodAnswer[] = [], at: string): TargetAction[] =>
  answers.flatMap(({ pod, answered }) =>
    answered.kind === 'AsJudged' || answered.kind === 'Unknown' ? { kind: 'Admit', pod, at } : [],
  );
