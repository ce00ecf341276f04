import type { DeriveTask } from '../../api/task.ts';
import { durationMs } from '../../api/units.ts';
import type { Quality, VariantStatus } from '../../api/variant.ts';
import { showValue } from '../../core/quality/metric.ts';
import { isSettled, type Settled, step } from '../shared/attempt.ts';
import { podOutcome } from '../shared/pod-outcome.ts';
import type { VariantSnapshot } from './gather.ts';

/** The share of a worker's deadline that a command of the user's may take. */
const commandShare = 0.8;

/** What a worker is asked to do for this variant: to make it, and to judge it beside the base variant. */
export function taskOf({ variant, search, base }: VariantSnapshot): DeriveTask {
  const { searchRef: _, ...spec } = variant.spec;
  const { artifact, outputs } = base?.status ?? {};
  return {
    kind: 'Derive',
    ...spec,
    batchSize: search?.spec.workload.batchSize,
    baseline: artifact && { digest: artifact.digest, outputs },
    commandLimitMs: spec.command && search && commandShare * durationMs(search.spec.worker.deadline),
  };
}

const percent = (share: number) => `${(100 * share).toFixed(2)}%`;

/** The quality in words: `98.80% Top1 on 2000 inputs, at most 0.71% below the base`. */
function qualityPhrase({ metric, value, samples, dropHigh }: Quality): string {
  const judged = `${showValue(metric, value)} ${metric} on ${samples} ${metric === 'Spearman' ? 'pairs' : 'inputs'}`;
  if (dropHigh === undefined) return judged;
  return dropHigh > 0
    ? `${judged}, at most ${percent(dropHigh)} worse than the base`
    : `${judged}, better than the base`;
}

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
      const { artifact, outputs, quality, parts, dimensions, precisions, analysis, modelDigest } = result;
      const isBase = Object.keys(variant.spec.candidate.dimensions).length === 0;
      const offered = isBase && { dimensions, precisions, analysis, modelDigest };
      const message = `${qualityPhrase(quality)}, ${artifact.sizeBytes} bytes`;
      return { status: { ...status, artifact, outputs, quality, parts, ...offered }, message };
    },
  });
  // Nothing new is started while the search is suspended, or when it is going away.
  return search && !search.spec.suspend ? decision : { ...decision, start: undefined };
}
