import { Histogram, type Registry } from 'prom-client';
import { median } from 'simple-statistics';
import type { NASSearch } from '../../api/nas-search.ts';
import { nasSearches, trials } from '../../api/resources.ts';
import type { Trial } from '../../api/trial.ts';
import { findCondition } from '../../runtime/conditions.ts';
import type { Watched } from '../../runtime/controller.ts';
import { forecastErrors, forecastOf } from './forecasts.ts';
import { frontMetrics } from './fronts.ts';
import { gauges } from './gauges.ts';
import { Seen } from './seen.ts';

const states = { True: 'succeeded', False: 'failed', Unknown: 'running' } as const;
const conditionOf = ({ status }: NASSearch | Trial) => findCondition(status?.conditions, 'Succeeded');
const stateOf = (object: NASSearch | Trial) => states[conditionOf(object)?.status ?? 'Unknown'];

function counts(objects: readonly (NASSearch | Trial)[]) {
  const found = new Map<string, { state: string; reason: string; count: number }>();
  for (const object of objects) {
    const [state, reason] = [stateOf(object), conditionOf(object)?.reason ?? 'Pending'];
    const one = found.get(`${state} ${reason}`) ?? { state, reason, count: 0 };
    found.set(`${state} ${reason}`, { ...one, count: one.count + 1 });
  }
  return [...found.values()];
}

/** What series are made of, of a trial: a tenth of it. */
function outline({ apiVersion, kind, metadata: { namespace, name }, spec, status }: Trial): Trial {
  const conditions = (status?.conditions ?? []).filter(({ type }) => type === 'Succeeded');
  return {
    ...{ apiVersion, kind, metadata: { namespace, name }, spec },
    status: { latency: status?.latency, conditions },
  };
}

/** How far each search is, and how its measurements go. Reasons are a fixed set; searches beyond the cap are only counted. */
export function searchMetrics(registry: Registry): Watched[] {
  const registers = [registry];
  const searches = new Seen<NASSearch>(nasSearches);
  const measuring = { registers, buckets: [1, 2, 5, 10, 20, 40, 80, 160, 320] };
  const measured = new Histogram({
    ...{ name: 'retune_trial_measuring_seconds', help: 'Time that a trial spent purely measuring.', ...measuring },
  });
  const overhead = new Histogram({
    name: 'retune_trial_overhead_seconds',
    help: 'From the creation of a trial pod to its result, less measuring.',
    ...measuring,
  });
  const error = new Histogram({
    name: 'retune_forecast_error_ratio',
    help: 'How far a measured latency is from its forecast, as a share of it.',
    buckets: [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1],
    registers,
  });
  const ended = (before: Trial | undefined, now: Trial) => {
    const { metadata, spec, status } = now;
    // What had ended before this process began was told by the one before.
    if (!before || stateOf(before) !== 'running' || !status?.latency) return;
    if (status.measuredSeconds !== undefined) measured.observe(status.measuredSeconds);
    if (status.overheadSeconds !== undefined) overhead.observe(status.overheadSeconds);
    const found = forecastOf(searches.get({ namespace: metadata.namespace, name: spec.searchRef.name }), now);
    if (found) error.observe(found.error);
  };
  const changed = (before: Trial | undefined, now: Trial) => {
    if (stateOf(now) !== 'running') ended(before, now);
  };
  const tried = new Seen<Trial>(trials, { changed, keep: outline });

  const gauge = gauges(registry);
  const counted = (name: string, help: string, objects: () => readonly (NASSearch | Trial)[]) =>
    gauge(name, help, ['state', 'reason'], (one) => {
      for (const { state, reason, count } of counts(objects())) one.set({ state, reason }, count);
    });
  counted('retune_searches', 'Searches by state and reason.', () => searches.all);
  counted('retune_trials', 'Trials that there are, by state and reason.', () => tried.all);
  const byAccelerator = ['namespace', 'search', 'accelerator'];
  const perFront = (name: string, help: string, value: (front: Fronts[number]) => number | undefined) =>
    gauge(name, help, byAccelerator, (one) => {
      for (const { metadata, status } of searches.named) {
        for (const accelerator of status?.accelerators ?? []) {
          const found = value(accelerator);
          const labels = { namespace: metadata.namespace, search: metadata.name, accelerator: accelerator.name };
          if (found !== undefined) one.set(labels, found);
        }
      }
    });
  const labelsOf = ({ metadata: { namespace = '', name } }: NASSearch) => ({ namespace, search: name });
  gauge(
    'retune_search_info',
    'How each search stands: always 1.',
    ['namespace', 'search', 'state', 'reason'],
    (one) => {
      for (const search of searches.named) {
        const reason = conditionOf(search)?.reason ?? 'Pending';
        one.set({ ...labelsOf(search), state: stateOf(search), reason }, 1);
      }
    },
  );
  gauge(
    'retune_search_variants_budget',
    'Variants that a search may measure on each accelerator.',
    ['namespace', 'search'],
    (one) => {
      for (const search of searches.named) one.set(labelsOf(search), search.spec.budget.maxVariants);
    },
  );
  perFront('retune_search_variants_measured', 'Variants that a search measured.', ({ trials: count }) => count);
  perFront('retune_search_variants_skipped', 'Variants that need not be measured.', ({ skipped = 0 }) => skipped);
  perFront('retune_search_front_variants', 'Variants on the front.', ({ front }) => front.length);
  perFront(
    'retune_search_hypervolume',
    'Area of quality and latency that the front dominates, in milliseconds times quality lost.',
    ({ hypervolume }) => hypervolume,
  );
  perFront('retune_search_recommended_latency_seconds', 'p99 of the recommended variant.', ({ front, recommended }) => {
    const point = front.find(({ variant }) => variant === recommended);
    return point && point.p99Ms / 1000;
  });
  const forecasts = () => forecastErrors(searches, tried.all);
  gauge(
    'retune_search_forecast_error_ratio',
    'How far measured latencies are from their forecasts at the median, as a share of what was measured.',
    byAccelerator,
    (one) => {
      for (const { labels, errors } of forecasts()) one.set(labels, median(errors));
    },
  );
  gauge(
    'retune_search_forecast_within_ratio',
    'Share of measured latencies that lie within the 90% interval of their forecast.',
    byAccelerator,
    (one) => {
      for (const { labels, errors, within } of forecasts()) one.set(labels, within / errors.length);
    },
  );
  frontMetrics(gauge, () => searches.named);
  gauge('retune_searches_without_series', 'Searches beyond those that have series of their own.', [], (one) =>
    one.set(searches.unnamed),
  );
  return [searches.watched, tried.watched];
}

type Fronts = NonNullable<NonNullable<NASSearch['status']>['accelerators']>;
