import type { DeriveTask } from '../../api/task.ts';
import type { VariantSpec, VariantStatus } from '../../api/variant.ts';
import { isSettled, type Settled, step } from '../shared/attempt.ts';
import { podOutcome } from '../shared/pod-outcome.ts';
import type { VariantSnapshot } from './gather.ts';

/** What a worker is asked to do for this variant. */
export const taskOf = ({ searchRef: _, ...spec }: VariantSpec): DeriveTask => ({ kind: 'Derive', ...spec });

const percent = (share: number) => `${(100 * share).toFixed(2)}%`;

/** Pure: one step of making and judging a variant. */
export function decide({ variant, search, pod }: VariantSnapshot, nowMs: number): Settled<VariantStatus> {
  const status: VariantStatus = { ...variant.status, observedGeneration: variant.metadata.generation };
  if (isSettled(variant.status, 'Ready')) return { status, events: [], finished: true };
  const decision = step<VariantStatus>({
    owner: variant.metadata,
    status,
    conditionType: 'Ready',
    pod,
    outcome: pod && podOutcome(pod),
    doneReason: 'Derived',
    nowMs,
    take({ result }) {
      if (result.kind !== 'Derive') {
        const message = `the pod answered a ${result.kind} instead of what it was asked`;
        return { invalid: { kind: 'Failed', reason: 'WorkerCrashed', message, retryable: true } };
      }
      const { artifact, outputs, quality, dimensions, precisions, analysis } = result;
      const isBase = Object.keys(variant.spec.candidate.dimensions).length === 0;
      const offered = isBase && { dimensions, precisions, analysis };
      const message = `${percent(quality.value)} ${quality.metric} on ${quality.samples} inputs, ${artifact.sizeBytes} bytes`;
      return { status: { ...status, artifact, outputs, quality, ...offered }, message };
    },
  });
  // Nothing new is started while the search is suspended, or when it is going away.
  return search && !search.spec.suspend ? decision : { ...decision, start: undefined };
}
