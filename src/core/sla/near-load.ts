import { median } from '../statistics/quantile.ts';

/** How long one slot of the history is, and how many are kept: ten minutes. */
export const slotSeconds = 15;
export const slotCount = 40;

/**
 * Requests a second that the workload was asked for lately: the highest rate seen in each slot of fifteen seconds, the
 * present slot last. A slot in which nothing was read repeats the one before: an outage is no lull.
 */
export interface LoadHistory {
  /** When the last slot began, in milliseconds, a multiple of a slot. */
  slotMs: number;
  peaks: number[];
}

/** The history with one more reading; at most `slotCount` slots. Readings older than the last slot are dropped. */
export function remember(history: LoadHistory | undefined, atMs: number, ratePerSecond: number): LoadHistory {
  const slotMs = atMs - (atMs % (1000 * slotSeconds));
  const last = history?.peaks.at(-1);
  if (!history || last === undefined) return { slotMs, peaks: [ratePerSecond] };
  if (slotMs < history.slotMs) return history;
  const missed = Math.round((slotMs - history.slotMs) / (1000 * slotSeconds));
  if (missed === 0) return { slotMs, peaks: [...history.peaks.slice(0, -1), Math.max(last, ratePerSecond)] };
  const gap = new Array<number>(Math.min(slotCount, missed - 1)).fill(last);
  return { slotMs, peaks: [...history.peaks, ...gap, ratePerSecond].slice(-slotCount) };
}

/** Of fewer slots no trend is read: two of them always have one. */
const fewestSlots = 4;

/** Median of the slopes between all pairs of points, per slot: a third of them may be anything (Theil 1950, Sen 1968). */
function slopePerSlot(values: number[]): number {
  const slopes = values.flatMap((a, i) => values.slice(i + 1).map((b, j) => (b - a) / (j + 1)));
  return values.length < fewestSlots ? 0 : median(slopes);
}

/** What the load may come to while a rollout would take place, in requests a second of the whole workload. */
export interface NearLoad {
  /** The most of the last ten minutes: what came can come again. */
  peakPerSecond: number;
  /** The present load and what a rising trend adds in `leadSeconds`. */
  risingPerSecond: number;
  /** The larger of the two. */
  nearPerSecond: number;
}

/** Slots that the trend is read from: three minutes, less than which is mostly noise. */
const trendSlots = 12;

/**
 * What to be ready for: the highest load of the history, or the present one carried on for `leadSeconds` along the
 * median slope of the last three minutes where that is more. A falling trend is not believed: being early costs
 * violations, being late a little quality.
 */
export function nearLoad(
  { peaks }: Pick<LoadHistory, 'peaks'>,
  presentPerSecond: number,
  leadSeconds: number,
): NearLoad {
  const peakPerSecond = Math.max(presentPerSecond, ...peaks);
  const slope = Math.max(0, slopePerSlot(peaks.slice(-trendSlots)));
  const risingPerSecond = presentPerSecond + (slope * leadSeconds) / slotSeconds;
  return { peakPerSecond, risingPerSecond, nearPerSecond: Math.max(peakPerSecond, risingPerSecond) };
}
