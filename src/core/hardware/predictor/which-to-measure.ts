import { dot } from '../../linear-algebra/cholesky.ts';
import { type Table, table } from '../../linear-algebra/table.ts';
import { type Candidates, pickCandidates } from './candidates.ts';
import { describe, views } from './design.ts';
import { vague } from './evidence.ts';
import { checkLike, drawRows, type Experience, type Lesson } from './experience.ts';

/** Candidates that are picked from, and candidates whose prediction counts. */
const [drawn, judged] = [600, 300];

/** Rows of the design times the root of their columns' prior variance: their products are covariances. */
function roots({ design, belief }: Lesson, candidates: Candidates): Table {
  const rows = describe(design, candidates);
  const factors = new Float64Array(rows.columns);
  views.forEach((_, view) => {
    factors.fill(Math.exp((belief.weights.views[view] as number) / 2), design.starts[view], design.starts[view + 1]);
  });
  for (let at = 0; at < rows.values.length; at++)
    rows.values[at] = (rows.values[at] as number) * (factors[at % rows.columns] as number);
  return rows;
}

function products(a: Table, b: Table): Table {
  const result = table(a.rows, b.rows);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < b.rows; j++)
      result.values[i * b.rows + j] = vague + dot(a.values, i * a.columns, b.values, j * b.columns, a.columns);
  return result;
}

/** Takes from every covariance of `of` what the measured row `at` explains; `own` are its covariances with the rows. */
function explain(of: Table, own: Float64Array, at: number, variance: number): void {
  const measured = of.values.slice(at * of.columns, (at + 1) * of.columns);
  for (let i = 0; i < of.rows; i++) {
    const factor = (own[i] as number) / variance;
    if (factor === 0) continue;
    for (let j = 0; j < of.columns; j++)
      of.values[i * of.columns + j] = (of.values[i * of.columns + j] as number) - factor * (measured[j] as number);
  }
}

/**
 * Which `count` of the candidates to measure on a new device, before anything was: one by one, each time that which
 * leaves least variance over all, in the mean (active learning by expected variance; Cohn, Neural Networks 1996). From
 * a draw of the candidates by `seed`. Row numbers, in the order to measure.
 */
export function whichToMeasure(experience: Experience, candidates: Candidates, count: number, seed: number): number[] {
  checkLike(experience, candidates);
  const lesson = experience.lessons.at(-1) as Lesson;
  const rows = candidates.features.rows;
  const from = drawRows(rows, Math.max(drawn, count), 2 * seed + 1);
  const some = roots(lesson, pickCandidates(candidates, from));
  const others = roots(lesson, pickCandidates(candidates, drawRows(rows, judged, 2 * seed + 2)));
  const [among, across] = [products(some, some), products(some, others)];
  const noise = Math.exp(lesson.belief.weights.noise);
  const picked: number[] = [];
  while (picked.length < Math.min(count, from.length)) {
    let [best, most] = [-1, Number.NEGATIVE_INFINITY];
    for (let i = 0; i < some.rows; i++) {
      if (picked.includes(i)) continue;
      const variance = (among.values[i * some.rows + i] as number) + noise;
      const gain = dot(across.values, i * others.rows, across.values, i * others.rows, others.rows) / variance;
      if (gain > most) [best, most] = [i, gain];
    }
    picked.push(best);
    const own = among.values.slice(best * some.rows, (best + 1) * some.rows);
    const variance = (own[best] as number) + noise;
    explain(across, own, best, variance);
    explain(among, own, best, variance);
  }
  return picked.map((place) => from[place] as number);
}
