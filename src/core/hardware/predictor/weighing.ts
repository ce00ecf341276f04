import { logEvidence, type Task, type Weights } from './evidence.ts';

/** What is believed of the weights before: normal, each by itself. */
export interface Belief {
  weights: Weights;
  viewSd: number;
  noiseSd: number;
}

const steps = [2, -2, 1, -1, 0.5, -0.5];
const sweeps = 3;
/** Weights stay within e^±14. */
const furthest = 14;
/** A smaller gain in log probability is none. */
const gain = 1e-3;

const square = (value: number) => value ** 2;

/** Walks `value` in steps while `score` grows; the best value with its score. */
function climb(value: number, score: number, scoreOf: (value: number) => number): [number, number] {
  let [best, most] = [value, score];
  for (const step of steps) {
    for (let next = best + step; Math.abs(next) <= furthest; next = best + step) {
      const found = scoreOf(next);
      if (!(found > most + gain)) break;
      [best, most] = [next, found];
    }
  }
  return [best, most];
}

/**
 * The most probable weights of several tasks by coordinate ascent. The views' are common to all tasks, the noise is
 * each task's own: one weights a task, all with the same views.
 */
export function weigh(tasks: readonly Task[], belief: Belief): Weights[] {
  const views = [...belief.weights.views];
  const noises = tasks.map(() => belief.weights.noise);
  const prior = (view: number) =>
    -0.5 * square(((views[view] as number) - (belief.weights.views[view] as number)) / belief.viewSd);
  const noisePrior = (noise: number) => -0.5 * square((noise - belief.weights.noise) / belief.noiseSd);
  const one = (t: number, noise: number) => logEvidence(tasks[t] as Task, { views, noise }) + noisePrior(noise);
  const all = () => tasks.reduce((sum, _, t) => sum + one(t, noises[t] as number), 0);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const before = [...views, ...noises].join();
    for (let t = 0; t < tasks.length; t++) {
      const start = noises[t] as number;
      noises[t] = climb(start, one(t, start), (noise) => one(t, noise))[0];
    }
    for (let view = 0; view < views.length; view++) {
      const score = (value: number) => {
        views[view] = value;
        return all() + prior(view);
      };
      const start = views[view] as number;
      views[view] = climb(start, score(start), score)[0];
    }
    if ([...views, ...noises].join() === before) break;
  }
  return noises.map((noise) => ({ views, noise }));
}
