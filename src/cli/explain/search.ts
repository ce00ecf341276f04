import { type Accelerator, acceleratorsOf, trialsOn } from '../../controllers/search/accelerators.ts';
import type { SearchSnapshot } from '../../controllers/search/gather.ts';
import { measuredOf, trialState, variantState } from '../../controllers/search/measured.ts';
import { findCondition, type StatusCondition } from '../../runtime/conditions.ts';
import { limitsOf, limitsPhrase, misses } from './limits.ts';
import type { Explanation, Reason } from './reason.ts';

const tones = { True: 'good', False: 'bad', Unknown: undefined } as const;

/** How often each reason was given: `2 OutOfMemory, 1 TrainerFailed`. */
function counted(conditions: readonly (StatusCondition | undefined)[]): string {
  const counts = new Map<string, number>();
  for (const one of conditions) counts.set(one?.reason ?? 'Unknown', (counts.get(one?.reason ?? 'Unknown') ?? 0) + 1);
  return [...counts].map(([reason, count]) => `${count} ${reason}`).join(', ');
}

function onAccelerator(snapshot: SearchSnapshot, accelerator: Accelerator): Reason {
  const { search, variants } = snapshot;
  const status = search.status?.accelerators?.find(({ name }) => name === accelerator.name);
  const limits = limitsOf(snapshot);
  const measured = variants.flatMap((variant) => measuredOf(snapshot, variant, accelerator) ?? []);
  const within = measured.filter((one) => misses(one, limits).length === 0).length;
  const failed = trialsOn(snapshot, accelerator).filter((trial) => trialState(trial) === 'Failed');
  const phrase = limitsPhrase(search, limits);
  const [front = [], skipped = 0] = [status?.front, status?.skipped];
  return {
    verdict: status?.recommended ? `recommends ${status.recommended}` : 'recommends none',
    tone: status?.recommended ? 'good' : 'warn',
    because: [
      status?.message ?? 'nothing is measured yet',
      `${measured.length} measured, of which ${front.length} on the front and ${measured.length - front.length} not`,
      ...(phrase ? [`${within} keep the limits: ${phrase}`] : []),
      ...(skipped > 0 ? [`${skipped} not worth measuring, by what is forecast of them`] : []),
      ...(failed.length > 0
        ? [
            `${failed.length} trials failed: ${counted(failed.map(({ status: its }) => findCondition(its?.conditions, 'Succeeded')))}`,
          ]
        : []),
      ...(status?.narrowed ?? []).map(({ choice, reason }) => `without ${choice}: ${reason}`),
    ],
  };
}

/** Where a search stands, and on each accelerator why it recommends what it does. */
export function explainSearch(snapshot: SearchSnapshot): Explanation {
  const { search, variants } = snapshot;
  const { name, generation } = search.metadata;
  const found = findCondition(search.status?.conditions, 'Succeeded');
  const failed = variants.filter((variant) => variantState(variant) === 'Failed');
  const seen = search.status?.observedGeneration === generation;
  const reason: Reason = {
    verdict: found?.reason ?? 'NotSeen',
    tone: found ? tones[found.status] : 'warn',
    because: [
      found?.message ?? 'no operator has looked at it: retune doctor says what is missing',
      ...(found && !seen ? ['the operator has not seen its last change yet'] : []),
      ...(failed.length > 0
        ? [
            `${failed.length} variants were not made: ${counted(failed.map(({ status }) => findCondition(status?.conditions, 'Ready')))}`,
          ]
        : []),
    ],
  };
  const here = acceleratorsOf(snapshot).map((accelerator) => ({
    where: accelerator.name,
    ...onAccelerator(snapshot, accelerator),
  }));
  return { about: `NASSearch ${name}`, reasons: [reason, ...here] };
}
