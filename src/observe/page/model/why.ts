import { acceptable, limitPhrase } from '../../../core/quality/limit.ts';
import { lossOf, showValue } from '../../../core/quality/metric.ts';
import { showMs } from '../format.ts';
import type { Point, SearchLimits } from './points.ts';

const quality = ({ quality: { metric, value } }: Point) => `${metric} ${showValue(metric, value)}`;

/** Whether `a` is nowhere worse than `b` in quality and latency, and somewhere better. */
function beats(a: Point, b: Point): boolean {
  const [lossA, lossB] = [lossOf(a.quality), lossOf(b.quality)];
  return lossA <= lossB && a.latencyMs <= b.latencyMs && (lossA < lossB || a.latencyMs < b.latencyMs);
}

function limitBroken(point: Point, { percentile, thresholdMs, quality: limit }: SearchLimits): string | undefined {
  if (point.trial.status?.outputsAgree === false) {
    return 'its outputs on this accelerator differ from those that it was judged with';
  }
  if (!acceptable(point.quality, limit)) {
    return `its quality is not ${limitPhrase(point.quality.metric, limit) ?? 'enough'}`;
  }
  if (thresholdMs === undefined || point.latencyHighMs <= thresholdMs) return undefined;
  const may = point.latencyHighMs > point.latencyMs ? ' may be' : ' is';
  return `its ${percentile.toLowerCase()}${may} ${showMs(point.latencyHighMs)}, above ${showMs(thresholdMs)}`;
}

/** Why a measured variant is the one to serve, or is not, by the rules of `core/search/choice.ts`: one sentence. `all` by latency. */
export function why(point: Point, all: readonly Point[], limits: SearchLimits): string {
  const { trial, onFront, recommended, base } = point;
  if (recommended) {
    return limits.thresholdMs === undefined
      ? 'Recommended: the fastest on the front of enough quality.'
      : `Recommended: the most accurate on the front that is certain to keep ${showMs(limits.thresholdMs)}.`;
  }
  if (trial.status?.stoppedEarly) {
    return 'Measuring it ended early: it was certain to be slower than the base and is no more accurate.';
  }
  const broken = limitBroken(point, limits);
  if (onFront) {
    if (broken) return `On the front, not recommended: ${broken}.`;
    const winner = all.find((one) => one.recommended);
    if (!winner) return 'On the front, not recommended: it breaks a limit of the search.';
    const [better, worse] =
      limits.thresholdMs === undefined ? ['faster', 'slower'] : ['more accurate', 'less accurate'];
    return `On the front, ${worse} than what is recommended: ${winner.label} is ${better} and keeps every limit too.`;
  }
  const winner = all.find((one) => one.onFront && beats(one, point)) ?? all.find((one) => beats(one, point));
  const what = base ? 'The base model, every trial is measured beside it; it' : 'It';
  if (winner) {
    return `${what} is beaten by ${winner.label}: ${quality(winner)} at ${showMs(winner.latencyMs)}.`;
  }
  if (broken) return `Not on the front: ${broken}.`;
  return 'Not on the front as it was last drawn: it equals another, breaks a limit of a figure, or was just measured.';
}
