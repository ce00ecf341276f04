import type { Analysis, Expected, RewriteName } from '../../api/analysis.ts';
import type { Dimensions, PrecisionsExpected } from '../../api/variant.ts';
import { allocate } from './allocation/allocate.ts';

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

/** What a selection is expected to do, when what the sites do adds up. */
export function expected(sites: Sites, selection: Record<string, number>, baseMs: number): Expected {
  let [costMs, loss] = [0, 0];
  for (const { id, identity, choices } of sites) {
    const found = choices.find(({ choice }) => choice === (selection[id] ?? identity));
    costMs += found?.costMs ?? 0;
    loss += found?.loss ?? 0;
  }
  return { latency: rounded(Math.max(0.01, 1 + costMs / baseMs)), loss: rounded(loss) };
}

/** Three digits: they travel in a termination message, and are expectations. */
const rounded = (value: number) => Number(value.toPrecision(3));

/** What each precision should do to the whole model. */
export const precisionsOf = ({ precisions, baseMs }: Analysis): PrecisionsExpected =>
  precisions.map(({ precision, costMs, loss }) => ({
    precision,
    latency: rounded(Math.max(0.01, 1 + costMs / baseMs)),
    loss: rounded(loss),
  }));

/** The sites that an analysis measured for a rewrite. */
export const sitesOf = ({ rewrites }: Analysis, name: string): Sites =>
  rewrites.find((rewrite) => rewrite.name === name)?.sites ?? [];

/** One dimension for each rewrite that saves latency anywhere: the levels at which it does different things. */
export function dimensionsOf(analysis: Analysis): Dimensions {
  return analysis.rewrites.flatMap(({ name, sites }) => {
    const seen = new Map<string, { choice: number; expected: Expected }>();
    for (const level of levels.toReversed()) {
      const selection = selectionAt(sites, level);
      const key = JSON.stringify(selection);
      if (!seen.has(key)) seen.set(key, { choice: level, expected: expected(sites, selection, analysis.baseMs) });
    }
    const offered = [...seen.values()].reverse();
    if (offered.length < 2) return [];
    return [
      {
        name: name satisfies RewriteName,
        choices: offered.map(({ choice }) => choice),
        expected: offered.map((each) => each.expected),
      },
    ];
  });
}
