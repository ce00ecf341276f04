import { parseArgs } from 'node:util';
import { sufferEmbedded } from '../mishaps/embedded.ts';
import { mishaps as all, type Mishap } from '../mishaps/models.ts';

function kindsOf(kind: string | undefined): readonly Mishap[] {
  const found = all.find((one) => one === kind);
  if (kind !== undefined && !found) throw new Error(`--kind is ${kind}: give one of ${all.join(', ')}`);
  return found ? [found] : all;
}

/**
 * `bench -- mishaps [--variants N] [--kind Saturating]`: variants that are not what was measured of them, rolled out one
 * after another in front of open-loop clients. What was taken back and why, requests sent and failed, answers that were
 * not the base model's. The load is such that a third of it is nothing to a Saturating variant, and all of it too much.
 */
export async function mishaps(say: (line: string) => void, args: readonly string[]): Promise<object> {
  const { values } = parseArgs({
    args: [...args],
    options: { variants: { type: 'string', default: '50' }, kind: { type: 'string' } },
  });
  const count = Number(values.variants);
  if (!Number.isInteger(count) || count < 1)
    throw new Error(`--variants is ${values.variants}: give a whole number above 0`);
  return sufferEmbedded({
    ...{ count, kinds: kindsOf(values.kind), ratePerSecond: 100, thresholdMs: 250, timeoutSeconds: 30 },
    ...{ slowMs: 500, saturatingMs: 12, say },
  });
}
