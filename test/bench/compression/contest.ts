import { dropUnit, lossOf } from '../../../src/core/quality/metric.ts';
import type { Metric } from './judge.ts';
import { row } from './table.ts';
import { glance, inTurns, type Timed, type Timer, thorough } from './timing.ts';

/** A model that somebody made, or why it was not made. */
export type Contribution = { what: string } & ({ model: Uint8Array } | { failed: string });
export interface Judged {
  what: string;
  model: Uint8Array;
  quality: number;
}
export type Contestant = Judged & Timed;

/** How much worse than the base a model may be: a point of a bounded metric, else a share of the base's own value. */
const mostLost = 0.01;
/** So many of a contestant's models are timed thoroughly: those that looked fastest. */
const finalists = 3;

interface Contest {
  name: string;
  contributions: Contribution[];
  base: Judged;
  metric: Metric;
  judge: (model: Uint8Array) => Promise<number>;
  timer: Timer;
  say: (line: string) => void;
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/**
 * The model with the lowest p99 among those within 1% of the base's quality; the base itself, which nobody has to
 * change, where none is faster. Everything made is told, with why it does not count where it does not.
 */
export async function bestOf({ name, contributions, base, metric, judge, timer, say }: Contest): Promise<Contestant> {
  const tell = (what: string, outcome: string) => say(`  ${name}: ${what}: ${outcome}`);
  const loss = ({ quality }: Judged) => lossOf({ metric, value: quality });
  const looked: (Judged & { aboutMs: number })[] = [];
  for (const contribution of contributions) {
    const { what } = contribution;
    if ('failed' in contribution) {
      tell(what, contribution.failed);
      continue;
    }
    try {
      const { model } = contribution;
      const judged = { what, model, quality: await judge(model) };
      if (!(loss(judged) <= loss(base) + mostLost * dropUnit({ metric, value: base.quality }))) {
        tell(what, `quality ${judged.quality.toFixed(4)}, more than 1% worse than the base`);
        continue;
      }
      const aboutMs = await glance(timer, model);
      tell(what, `quality ${judged.quality.toFixed(4)}, ${aboutMs.toFixed(3)} ms at best`);
      looked.push({ ...judged, aboutMs });
    } catch (error) {
      tell(what, reasonOf(error));
    }
  }
  const fastest = looked.toSorted((a, b) => a.aboutMs - b.aboutMs).slice(0, finalists);
  const timed: Contestant[] = [];
  let reference: Timed | undefined;
  for (const finalist of fastest) {
    const found = await inTurns(timer, finalist.model, base.model, thorough);
    reference ??= found.reference;
    timed.push({ ...finalist, ...found.model });
    say(row(name, { ...finalist, ...found.model, bytes: finalist.model.length }));
  }
  reference ??= (await inTurns(timer, base.model, base.model, thorough)).reference;
  const unchanged: Contestant = { ...base, what: 'the base: nothing made is faster within 1%', ...reference };
  return [...timed, unchanged].reduce((best, next) => (next.p99Ms < best.p99Ms ? next : best));
}
