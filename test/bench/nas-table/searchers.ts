import type { Sampler } from '../../../src/core/search/sampler.ts';
import type { Space } from '../../../src/core/search/space.ts';
import type { PoolSearch } from '../../../src/core/search/surrogate/pool-search.ts';
import { alphabet } from './architecture.ts';
import type { Contest } from './contest.ts';
import type { Searcher } from './run.ts';

/** The product's model-based search over the table as a pool. */
export const surrogateSearcher =
  (search: PoolSearch, { points }: Contest, seed: number): Searcher =>
  (made) =>
    search.propose(
      made.map((at) => ({ at, objectives: points[at] })),
      1,
      seed,
    )[0]?.at;

const engine = { threads: 1, graphOptimization: 'All' } as const;

/** A dimension for each place of an architecture. */
export function spaceOfTable({ ops }: Contest): Space {
  const choices = alphabet(ops).map((_, index) => index);
  const places = [...(ops[0] ?? '')].map((_, place) => ({ name: `edge${place}`, choices }));
  return { dimensions: places, precisions: ['FP32'], engines: [engine] };
}

/** The nearest architecture of the table that isn't made yet: a table may lack some of its space. */
function nearest({ ops }: Contest, wanted: string, made: ReadonlySet<number>): number | undefined {
  let [best, fewest] = [-1, Number.POSITIVE_INFINITY];
  for (const [i, one] of ops.entries()) {
    if (made.has(i)) continue;
    let different = 0;
    for (let place = 0; place < wanted.length; place++) different += one[place] === wanted[place] ? 0 : 1;
    if (different < fewest) [best, fewest] = [i, different];
  }
  return best < 0 ? undefined : best;
}

/** One of the product's samplers over the space that the table is of. */
export function samplerSearcher(sampler: Sampler, contest: Contest, seed: number): Searcher {
  const operators = alphabet(contest.ops);
  const space = spaceOfTable(contest);
  const index = new Map(contest.ops.map((one, i) => [one, i]));
  const candidateOf = (ops: string) => ({
    dimensions: Object.fromEntries([...ops].map((one, place) => [`edge${place}`, operators.indexOf(one)])),
    precision: 'FP32' as const,
    engine,
  });
  return (made) => {
    const history = made.map((at) => ({
      candidate: candidateOf(contest.ops[at] ?? ''),
      objectives: contest.points[at],
    }));
    const [candidate] = sampler(space, history, 1, seed);
    if (!candidate) return undefined;
    const wanted = space.dimensions.map(({ name }) => operators[candidate.dimensions[name] ?? 0] ?? '').join('');
    const known = new Set(made);
    const found = index.get(wanted);
    return found !== undefined && !known.has(found) ? found : nearest(contest, wanted, known);
  };
}
