import type { LatencySLA } from '../../api/latency-sla.ts';
import type { Variant } from '../../api/variant.ts';
import type { Answers, RolloutAction } from '../../core/rollout/canary.ts';
import type { Answered, Ask } from '../../sources/answers/answers.ts';
import type { TargetPod, TargetSnapshot } from '../../targets/target.ts';

/** What a pod of the canary answered when it was asked; `Unknown` where there is nothing to ask this variant. */
export interface PodAnswer {
  pod: string;
  answered: Answered | { kind: 'Unknown' };
}

/** Asks every pod of the canary that waits to be admitted. */
export async function answersOf(
  ask: Ask,
  { spec, status }: LatencySLA,
  target: TargetSnapshot,
  variants: readonly Variant[],
): Promise<PodAnswer[]> {
  const { rollout } = status ?? {};
  const waiting = target.pods.filter(
    (pod): pod is TargetPod & { address: string } =>
      pod.track === 'canary' && pod.waiting === true && pod.address !== undefined,
  );
  if (!rollout || waiting.length === 0) return [];
  const challenge = variants.find(({ metadata }) => metadata.name === rollout.variant)?.status?.challenge;
  const { answers } = spec.rollout;
  return Promise.all(
    waiting.map(
      async ({ name, address }): Promise<PodAnswer> => ({
        pod: name,
        // Held back by an SLA that asked for it then: nobody is kept waiting for ever.
        answered: challenge && answers ? await ask(address, answers, challenge) : { kind: 'Unknown' },
      }),
    ),
  );
}

/** What is done to a target: the machine's actions, and beside them a pod of the canary that is let have requests. */
export type TargetAction = RolloutAction | { kind: 'Admit'; pod: string; at: string };

/** What the answers mean for the rollout: one wrong answer is enough. */
export function answersVerdict(answers: readonly PodAnswer[] = []): Answers | undefined {
  const told = (kind: 'Different' | 'NoAnswer') =>
    answers.flatMap(({ pod, answered }) => (answered.kind === kind ? `pod ${pod} ${answered.text}` : []))[0];
  const [different, none] = [told('Different'), told('NoAnswer')];
  if (different) return { verdict: 'Wrong', evidence: different };
  return none ? { verdict: 'Unknown', evidence: none } : undefined;
}

/** Lets those pods have their share whose answers are right, or can't be told. */
export const admissions = (answers: readonly PodAnswer[] = [], at: string): TargetAction[] =>
  answers.flatMap(({ pod, answered }) =>
    answered.kind === 'AsJudged' || answered.kind === 'Unknown' ? { kind: 'Admit', pod, at } : [],
  );
