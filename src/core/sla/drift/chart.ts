import type { DriftChart } from '../../../api/sla-counts.ts';
import { type CumulativeHistogram, percentile, shareAbove, total } from '../../statistics/histogram.ts';

/** The relative slowdown that the charts are tuned to find. */
export const shift = 1.2;
/** Evidence in nats that raises an alarm; independent looks at what has not changed come this far once in e^14. */
const alarmAt = 14;
/** Evidence is kept up to here, so that an alarm ends soon after its cause. */
const most = 1.1 * alarmAt;
/** An alarm is over, and what is usual learned again, once evidence has fallen to here. */
const calmAt = alarmAt / 2;
/** What production usually takes is learned over so many seconds of traffic; a drift is found long before. */
const memorySeconds = 1800;
/** Requests that wait behind one another are slow together: dispersion is measured over as long as a drift lasts. */
const blockSeconds = 60;
/** While so little is known that a drift would soon be learned as usual; later it would only bias what is learned. */
export const cautiousSeconds = 900;
const blocksRemembered = 120;
/**
 * A block scatters by so many times the dispersion at most. One second's hiccup may scatter hundreds of times as much, and
 * would blind the chart for hours; what it brings as evidence is bounded by itself.
 */
const mostScatter = 4;
/** Taken before production has shown its own. */
const firstDispersion = 10;
const leastSamples = 20;

/** One interval of traffic, seen by one chart. */
export interface Look {
  histogram: CumulativeHistogram;
  seconds: number;
  /** The quantile that the chart watches and what it should be at this load, in milliseconds. */
  quantile: number;
  expectedMs: number;
  /** No alarm comes sooner than this: each second brings or takes so much evidence at most. */
  leastSeconds: number;
  /** Seconds of traffic that this chart's detector has learned from, this look not included. */
  learnedSeconds: number;
  /** While what is usual is still being learned nothing counts as evidence. */
  learning: boolean;
  /** How requests scattered that another variant answered here, for a first look; nobody knows when left out. */
  dispersion?: number;
}

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

/** A chart from its first interval; undefined when that holds too few requests. */
function first({ histogram, quantile, expectedMs, dispersion = firstDispersion }: Look): DriftChart | undefined {
  if (total(histogram) < leastSamples) return undefined;
  const bound = percentile(histogram, quantile);
  return {
    ratio: bound / expectedMs,
    shiftedShare: shareAbove(histogram, bound / shift),
    dispersion,
    block: { seconds: 0, deviation: 0, variance: 0 },
    evidence: 0,
    alarmed: false,
  };
}

/** Share above the bound before and after a slowdown; apart enough to be told from each other. */
function shares({ shiftedShare }: DriftChart, quantile: number): [usual: number, slowed: number] {
  const usual = 1 - quantile;
  return [usual, clamp(shiftedShare, usual + 0.1 * usual * quantile, 1 - 0.05 * quantile)];
}

/**
 * Evidence in nats that what was learned of so far would have brought, had every request taken 20% longer: what is usual
 * is known no better than that.
 */
function knownNats(chart: DriftChart, { histogram, seconds, quantile, learnedSeconds }: Look): number {
  const [usual, slowed] = shares(chart, quantile);
  const divergence = slowed * Math.log(slowed / usual) + (1 - slowed) * Math.log((1 - slowed) / (1 - usual));
  const requests = (total(histogram) / seconds) * Math.min(memorySeconds, learnedSeconds);
  return (requests * divergence) / chart.dispersion;
}

/**
 * What one look adds to the evidence, or takes from it. An alarm compares two samples, what was learned and the last
 * minutes, and the variances of both add up. Nothing counts against production before the first could have raised an
 * alarm itself.
 */
function evidenceOf(chart: DriftChart, at: Look, nats: number): number {
  const bounded = (alarmAt / at.leastSeconds) * at.seconds;
  const known = knownNats(chart, at);
  const gained = clamp(nats / (chart.dispersion * (1 + alarmAt / known)), -bounded, bounded);
  return at.learning || known < alarmAt ? Math.min(0, gained) : gained;
}

function dispersionAfter(chart: DriftChart, look: Look, deviation: number, variance: number) {
  const block = {
    seconds: chart.block.seconds + look.seconds,
    deviation: chart.block.deviation + deviation,
    variance: chart.block.variance + variance,
  };
  if (block.seconds < blockSeconds || block.variance === 0) return { dispersion: chart.dispersion, block };
  const seen = Math.min(block.deviation ** 2 / block.variance, mostScatter * chart.dispersion);
  const blocks = look.learnedSeconds / blockSeconds;
  const gain = 1 / Math.min(blocksRemembered, blocks + 5);
  return {
    dispersion: Math.max(1, chart.dispersion + gain * (seen - chart.dispersion)),
    block: { seconds: 0, deviation: 0, variance: 0 },
  };
}

/**
 * One look of a cumulative sum (Page 1954) of binomial log-likelihood ratios: has the share of requests above the usual
 * quantile at this load become what it would be if every request took 20% longer? The usual quantile is the one measured
 * in the trial times a ratio that is learned slowly from production. The ratio of likelihoods is divided by how much
 * the counts scatter beyond a binomial (quasi-likelihood; Wedderburn 1974), because slow requests come in clumps. At
 * first, when a minute counts for much, less is learned the more evidence there is.
 */
export function look(chart: DriftChart | undefined, at: Look): DriftChart | undefined {
  if (!chart) return first(at);
  const { histogram, quantile, seconds } = at;
  const samples = total(histogram);
  if (samples === 0) return chart;
  const bound = chart.ratio * at.expectedMs;
  const [usual, slowed] = shares(chart, quantile);
  const share = shareAbove(histogram, bound);
  const perRequest = share * Math.log(slowed / usual) + (1 - share) * Math.log((1 - slowed) / (1 - usual));
  const evidence = clamp(chart.evidence + evidenceOf(chart, at, samples * perRequest), 0, most);
  const alarmed = evidence >= alarmAt || (chart.alarmed && evidence > calmAt);
  // What may be a drift is not learned as usual.
  if (evidence > calmAt || alarmed) return { ...chart, evidence, alarmed };
  const pace = Math.min(0.5, seconds / Math.min(memorySeconds, at.learnedSeconds + seconds));
  const caution = Math.max(0, 1 - at.learnedSeconds / cautiousSeconds);
  const gain = pace * (1 - (caution * evidence) / calmAt);
  const drifted = clamp(((share - usual) / (slowed - usual)) * Math.log(shift), -0.3, 0.3);
  const deviation = samples * (share - usual);
  const variance = samples * usual * (1 - usual);
  return {
    ratio: chart.ratio * Math.exp(gain * drifted),
    shiftedShare: chart.shiftedShare + gain * (shareAbove(histogram, bound / shift) - chart.shiftedShare),
    ...dispersionAfter(chart, at, deviation, variance),
    evidence,
    alarmed,
  };
}
