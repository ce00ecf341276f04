import type { FrontPoint, NASSearch } from '../../api/nas-search.ts';
import type { MakeGauge } from './gauges.ts';

/** So many points of fronts have series: beyond it, those of older searches have none. */
export const mostPoints = 1000;

interface Placed {
  labels: { namespace: string; search: string; accelerator: string; variant: string };
  point: FrontPoint;
}

/** The points of the fronts of some searches, the youngest search first, whole fronts only. */
function points(searches: readonly NASSearch[]): Placed[] {
  const placed: Placed[] = [];
  for (const { metadata, status } of searches.toReversed()) {
    for (const { name: accelerator, front } of status?.accelerators ?? []) {
      if (placed.length + front.length > mostPoints) return placed;
      const { namespace = '', name: search } = metadata;
      placed.push(
        ...front.map((point) => ({ labels: { namespace, search, accelerator, variant: point.variant }, point })),
      );
    }
  }
  return placed;
}

/** Each point of a front: what a plot of it is made of. `searches` are from the oldest to the youngest. */
export function frontMetrics(gauge: MakeGauge, searches: () => readonly NASSearch[]): void {
  const labels = ['namespace', 'search', 'accelerator', 'variant'];
  gauge('retune_search_front_latency_seconds', 'p99 of each variant on the front.', labels, (one) => {
    for (const placed of points(searches())) one.set(placed.labels, placed.point.p99Ms / 1000);
  });
  gauge(
    'retune_search_front_quality',
    'Quality of each variant on the front, in the metric of its search.',
    labels,
    (one) => {
      for (const placed of points(searches())) one.set(placed.labels, placed.point.quality);
    },
  );
}
