import type { Analysis, Expected } from '../../api/analysis.ts';
import type { Dimensions, PrecisionsExpected } from '../../api/variant.ts';
import { allocate } from './allocation/allocate.ts';
import { undominated } from './allocation/relaxation.ts';

/** How much of the latency that a rewrite could save is kept, in percent: 100 changes nothing. */
const levels = [0, 10, 20, 30, 45, 60, 80, 100];
const untouched = 100;

type Sites = Analysis['rewrites'][number]['sites'];

/**
 * What is chosen at each site so that the sites together cost at most `level` percent of the way from their fastest to
 * as they are, at the least loss: the allocation of one rewrite. Sites that stay as they are are left out.
 */
export function selectionAt(sites: Sites, level: number): Record<string, number> {
  if (level >= untouched) return {};
  const items = sites.map(({ choices }) => choices.map(({ costMs, loss }) => ({ cost: costMs, loss })));
  const fastest = sites.reduce((sum, { choices }) => sum + Math.min(...choices.map(({ costMs }) => costMs)), 0);
  // Added up the same way as the allocation does, so that the fastest itself is not over by a rounding.
  const budget = fastest * (1 - level / 100) + Math.abs(fastest) * 1e-9;
  const chosen = allocate(items, budget) ?? [];
  const entries = sites.map(({ id, identity, choices }, i) => [id, choices[chosen[i] ?? -1]?.choice ?? identity]);
  return Object.fromEntries(entries.filter(([id, choice]) => sites.find((one) => one.id === id)?.identity !== choice));
}

const expectedOf = ({ costMs, loss }: { costMs: number; loss: number }, baseMs: number): Expected => ({
  latency: rounded(Math.max(0.01, 1 + costMs / baseMs)),
  loss: rounded(loss),
});

/** Three digits: they travel in a termination message, and are expectations. */
const rounded = (value: number) => Number(value.toPrecision(3));

/** What each precision should do to the whole model. */
export const precisionsOf = ({ precisions, baseMs }: Analysis): PrecisionsExpected =>
  precisions.map(({ precision, ...effect }) => ({ precision, ...expectedOf(effect, baseMs) }));

/** The sites that an analysis measured for a rewrite. */
export const sitesOf = ({ rewrites }: Analysis, name: string): Sites =>
  rewrites.find((rewrite) => rewrite.name === name)?.sites ?? [];

/** The levels at which a rewrite does different things, the least change first, each with what is chosen. */
export function distinctLevels(sites: Sites): { level: number; selection: Record<string, number> }[] {
  const seen = new Set([JSON.stringify({})]);
  return levels.toReversed().flatMap((level) => {
    const selection = selectionAt(sites, level);
    const text = JSON.stringify(selection);
    if (seen.has(text)) return [];
    seen.add(text);
    return [{ level, selection }];
  });
}

/** One dimension for each rewrite that saves latency: the levels that no other beats in latency and loss. */
export function dimensionsOf({ rewrites, baseMs }: Analysis): Dimensions {
  return rewrites.flatMap(({ name, levels: measured }) => {
    const all = [{ level: untouched, costMs: 0, loss: 0 }, ...measured];
    const kept = undominated(all.map(({ costMs, loss }) => ({ cost: loss, loss: costMs })))
      .map((i) => all[i] as (typeof all)[number])
      .sort((a, b) => a.level - b.level);
    if (kept.length < 2) return [];
    const expected = kept.map((effect) => expectedOf(effect, baseMs));
    return [{ name, choices: kept.map(({ level }) => level), expected }];
  });
}
