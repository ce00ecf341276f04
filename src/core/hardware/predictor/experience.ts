import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { type Candidates, checkCandidates, type Grouping, pickCandidates } from './candidates.ts';
import { type Design, design, views } from './design.ts';
import type { Task, Weights } from './evidence.ts';
import { observe, taskOf } from './observation.ts';
import { type Scale, scales } from './scale.ts';
import { modelSources, type SourceModels } from './source-models.ts';
import { type Belief, weigh } from './weighing.ts';

/** What the sources teach about a device not seen yet, on one scale. */
export interface Lesson {
  scale: Scale;
  design: Design;
  belief: Belief;
}

/** What the sources teach: what candidates cost there, and how much one device says about another. */
export interface Experience {
  lessons: readonly Lesson[];
}

/** Rows that blocks are scaled by, and rows that a source plays the new device with. */
const [referenceRows, taskRows] = [400, 40];

/**
 * Without sources nothing is known of the weights: features count in all views alike, noise is a tenth of the spread.
 * Those that a few sources teach may be off by a factor e for the next device, its noise by more.
 */
const ignorance: Belief = { weights: { views: views.map(() => 0), noise: -3 }, viewSd: 4, noiseSd: 4 };
const [taughtViewSd, taughtNoiseSd] = [1, 2];

/** `count` of `rows` row numbers, each at most once, by chance. */
export function drawRows(rows: number, count: number, seed: number): Int32Array {
  const random = xoroshiro128plus(seed);
  const all = Int32Array.from({ length: rows }, (_, i) => i);
  const drawn = Math.min(rows, count);
  for (let i = 0; i < drawn; i++) {
    const other = uniformInt(random, i, rows - 1);
    [all[i], all[other]] = [all[other] as number, all[i] as number];
  }
  return all.subarray(0, drawn);
}

/** Each source in the part of the new device, seen from the families that are not its own. */
function rehearsals(
  models: SourceModels,
  { groups, families }: Grouping,
  candidates: Candidates,
  reference: Candidates,
): Task[] {
  const { sources } = candidates;
  const all = Array.from({ length: sources.columns }, (_, j) => j);
  const familyOf = (j: number) => families?.[j] ?? String(j);
  const designs = new Map<string, Design>();
  return all.flatMap((j) => {
    const others = all.filter((other) => familyOf(other) !== familyOf(j));
    const measured = Int32Array.from(
      Array.from({ length: sources.rows }, (_, i) => i).filter(
        (i) => !Number.isNaN(sources.values[i * sources.columns + j]),
      ),
    );
    if (others.length === 0 || measured.length < 8) return [];
    const seen = designs.get(familyOf(j)) ?? design(models, groups, others, reference);
    designs.set(familyOf(j), seen);
    const rows = drawRows(measured.length, taskRows, 2).map((place) => measured[place] as number);
    const ms = Float64Array.from(rows, (i) => sources.values[i * sources.columns + j] as number);
    return [taskOf(seen, observe(seen, pickCandidates(candidates, rows), ms, ms, 0))];
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

function lesson(scale: Scale, candidates: Candidates, grouping: Grouping): Lesson {
  const models = modelSources(candidates, scale);
  const reference = pickCandidates(candidates, drawRows(candidates.features.rows, referenceRows, 1));
  const looked = Array.from({ length: candidates.sources.columns }, (_, j) => j);
  const own = design(models, grouping.groups, looked, reference);
  const tasks = rehearsals(models, grouping, candidates, reference);
  if (tasks.length === 0) return { scale, design: own, belief: ignorance };
  const taught = weigh(tasks, ignorance);
  const weights: Weights = {
    views: (taught[0] as Weights).views,
    noise: median(taught.map(({ noise }) => noise)),
  };
  return { scale, design: own, belief: { weights, viewSd: taughtViewSd, noiseSd: taughtNoiseSd } };
}

/**
 * Learns from the sources alone, once for all devices to come. Each source in turn plays the new device, and what made
 * its measurements most probable is believed of the next one (empirical Bayes over devices). Throws RangeError on bad
 * shapes or numbers.
 */
export function learn(candidates: Candidates, grouping: Grouping = {}): Experience {
  checkCandidates(candidates, grouping);
  return { lessons: scales.map((scale) => lesson(scale, candidates, grouping)) };
}

/** Throws RangeError, in a sentence, where candidates don't have the features and sources that were learnt from. */
export function checkLike({ lessons }: Experience, candidates: Candidates): void {
  checkCandidates(candidates, {});
  const { rows: m, columns: p } = (lessons[0] as Lesson).design.models.weights;
  const { features, sources } = candidates;
  if (features.columns === p && sources.columns === m) return;
  const given = `${features.columns} features and ${sources.columns} sources`;
  throw new RangeError(`candidates have ${given}, what was learnt from had ${p} and ${m}`);
}
