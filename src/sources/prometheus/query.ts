import type { LatencySLASpec } from '../../api/latency-sla.ts';
import { type LatencyUnit, unitOf } from '../buckets.ts';
import type { PodAddress } from '../source.ts';
import { type Preset, presets, type Selection } from './presets.ts';
import { besideQuery } from './signals.ts';

export type PrometheusSource = NonNullable<LatencySLASpec['source']['prometheus']>;

/** The workload whose latency is read. */
export interface Workload {
  namespace: string;
  name: string;
}

/** What is asked of Prometheus, how to read the answer, and what to say of an empty one. */
export interface LatencyQuery {
  promql: string;
  /** What is asked at the same time, and does without an answer. */
  beside: string;
  unit: LatencyUnit;
  missing: string;
}

/** A name inside a regular expression inside a PromQL string. */
const escaped = (name: string) => name.replaceAll('.', '\\\\.');

const ofHistogram = (histogram: string): Preset => ({
  ...presets.Retune,
  requests: undefined,
  histogram,
  unit: unitOf(histogram),
});

/**
 * One query for classic and native histograms: a native one has no series _bucket, a classic one none of its bare
 * name. Where both are scraped, both answer and the native one counts.
 */
function increase({ histogram, matchers }: Preset, selection: Selection, seconds: number): string {
  const over = (name: string) =>
    matchers(selection)
      .map((matcher) => `increase(${name}{${matcher}}[${seconds}s])`)
      .join(' or ');
  return `sum by (le) (${over(`${histogram}_bucket`)}) or sum(${over(histogram)})`;
}

/** The query for the requests that `pods` finished in the last `windowMs`. */
export function latencyQuery(
  source: PrometheusSource,
  workload: Workload,
  pods: readonly Pick<PodAddress, 'name'>[],
  windowMs: number,
): LatencyQuery {
  const seconds = Math.ceil(windowMs / 1000);
  const selection = {
    pods: pods.map(({ name }) => escaped(name)).join('|'),
    podLabel: source.podLabel,
    namespace: workload.namespace,
    route: source.route ?? workload.name,
  };
  if (source.query !== undefined) {
    const values: Record<string, string> = {
      $window: `${seconds}s`,
      $pods: selection.pods,
      $namespace: workload.namespace,
      $workload: workload.name,
    };
    const promql = source.query.replaceAll(/\$(window|pods|namespace|workload)\b/g, (name) => values[name] ?? name);
    const beside = besideQuery({ matchers: presets.Retune.matchers }, selection, seconds);
    return { promql, beside, unit: source.unit ?? 's', missing: 'spec.source.prometheus.query has no result' };
  }
  const preset = source.histogram === undefined ? presets[source.preset ?? 'Retune'] : ofHistogram(source.histogram);
  return {
    promql: increase(preset, selection, seconds),
    beside: besideQuery(preset, selection, seconds),
    unit: source.unit ?? preset.unit,
    missing: `no series of the histogram ${preset.histogram}, classic or native, with ${preset.matchers(selection).join(' or ')}: ${preset.hint}`,
  };
}
