import { parseArgs } from 'node:util';
import { sufferEmbedded } from '../mishaps/embedded.ts';

/**
 * `bench -- mishaps [--variants N]`: variants that are not what was measured of them, rolled out one after another in front
 * of open-loop clients. What was taken back and why, requests sent and failed, answers that were not the base model's.
 */
export async function mishaps(say: (line: string) => void, args: readonly string[]): Promise<object> {
  const { values } = parseArgs({ args: [...args], options: { variants: { type: 'string', default: '50' } } });
  const count = Number(values.variants);
  if (!Number.isInteger(count) || count < 1)
    throw new Error(`--variants is ${values.variants}: give a whole number above 0`);
  return sufferEmbedded({
    count,
    ratePerSecond: 120,
    thresholdMs: 100,
    timeoutSeconds: 18,
    slowMs: 250,
    saturatingMs: 10,
    say,
  });
}
