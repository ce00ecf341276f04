import { higherIsBetter, showValue, traits } from '../../../core/quality/metric.ts';
import type { Mark, MarkGroup, PlotData } from '../chart-data.ts';
import { showBytes, showMs } from '../format.ts';
import type { Point, SearchLimits } from './points.ts';
import type { AcceleratorView, ShownPoint } from './search.ts';

/** The percentile with its interval, where it has one. */
export function showLatency({ latency, latencyMs }: Point, { percentile }: SearchLimits): string {
  const interval = `${showMs(latency.p99LowMs)} to ${showMs(latency.p99HighMs)}`;
  return percentile === 'P99' ? `${showMs(latencyMs)} (${interval})` : showMs(latencyMs);
}

export function showQuality({ quality: { metric, value, low, high } }: Point): string {
  const interval = low < high ? ` (${showValue(metric, low)} to ${showValue(metric, high)})` : '';
  return `${showValue(metric, value)}${interval}`;
}

/** What is told of a point, wherever it is pointed at. */
const textOf = (point: ShownPoint, limits: SearchLimits): string[] => [
  point.label,
  `${point.quality.metric} ${showQuality(point)}`,
  `${limits.percentile.toLowerCase()} ${showLatency(point, limits)}`,
  showBytes(point.sizeBytes),
  point.why,
];

/** One of the groups that points are drawn as, each with a symbol of its own. */
function kindOf({ recommended, onFront, base }: Point): 'recommended' | 'front' | 'base' | 'other' {
  if (recommended) return 'recommended';
  if (base) return 'base';
  return onFront ? 'front' : 'other';
}

const groups = {
  other: { name: 'measured', colour: 'muted', symbol: 'circle', size: 8 },
  front: { name: 'on the front', colour: 'accent', symbol: 'circle', size: 11 },
  base: { name: 'base', colour: 'warn', symbol: 'rect', size: 12 },
  recommended: { name: 'recommended', colour: 'good', symbol: 'diamond', size: 18 },
} as const;

function grouped(points: readonly ShownPoint[], mark: (point: ShownPoint) => Mark): MarkGroup[] {
  return Object.entries(groups).flatMap(([kind, look]): MarkGroup[] => {
    const marks = points.filter((point) => kindOf(point) === kind).map(mark);
    return marks.length > 0 ? [{ ...look, marks }] : [];
  });
}

/** Quality against latency of what was measured, the front joined by steps of what is attainable. */
export function paretoChart(
  { points, status }: AcceleratorView,
  limits: SearchLimits,
  href: (variant: string) => string | undefined,
): PlotData {
  const scale = points[0]?.quality ?? { metric: status.metric ?? 'Top1' };
  const { percent } = traits[scale.metric];
  const factor = percent ? 100 : 1;
  const front = points.filter(({ onFront }) => onFront);
  return {
    kind: 'plot',
    x: { name: `${limits.percentile.toLowerCase()} (ms)`, kind: 'value' },
    y: { name: percent ? `${scale.metric} (%)` : scale.metric, kind: 'value', inverse: !higherIsBetter(scale) },
    groups: grouped(points, (point) => ({
      key: point.variant,
      ...{ x: point.latencyMs, y: point.quality.value * factor, text: textOf(point, limits) },
      ...(limits.percentile === 'P99' && {
        xRange: [point.latency.p99LowMs, point.latency.p99HighMs] as [number, number],
      }),
      yRange: [point.quality.low * factor, point.quality.high * factor],
      href: href(point.variant),
    })),
    lines: [
      {
        ...{ name: 'Pareto front', colour: 'accent', steps: true },
        points: front.map(({ latencyMs, quality }) => [latencyMs, quality.value * factor]),
      },
    ],
    limits:
      limits.thresholdMs === undefined
        ? []
        : [{ axis: 'x', at: limits.thresholdMs, label: showMs(limits.thresholdMs), colour: 'bad' }],
  };
}

/** Latencies that differ by more than this factor are drawn by their logarithm. */
const wide = 30;

/** What was forecast against what was measured; on the diagonal both are the same. */
export function forecastChart({ points }: AcceleratorView, limits: SearchLimits): PlotData | undefined {
  const known = points.filter(({ expected }) => expected);
  if (known.length === 0) return undefined;
  const all = known.flatMap(({ latencyMs, expected }) => [latencyMs, expected?.ms ?? latencyMs]);
  const [least, most] = [Math.min(...all) * 0.9, Math.max(...all) * 1.1];
  const kind = most / least > wide ? ('log' as const) : ('value' as const);
  return {
    kind: 'plot',
    x: { name: 'forecast (ms)', kind },
    y: { name: `measured ${limits.percentile.toLowerCase()} (ms)`, kind },
    groups: grouped(known, (point) => {
      const { ms, lowMs, highMs } = point.expected ?? { ms: 0, lowMs: 0, highMs: 0 };
      const text = [
        point.label,
        `forecast ${showMs(ms)} (${showMs(lowMs)} to ${showMs(highMs)})`,
        `measured ${showLatency(point, limits)}`,
      ];
      return { key: point.variant, x: ms, y: point.latencyMs, xRange: [lowMs, highMs], text };
    }),
    lines: [
      {
        ...{ name: 'as forecast', colour: 'muted', dashed: true },
        points: [
          [least, least],
          [most, most],
        ],
      },
    ],
    limits: [],
  };
}
