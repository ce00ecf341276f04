import { Counter, type Registry } from 'prom-client';
import { Cause, type LatencySLA, Verdict } from '../../api/latency-sla.ts';
import { hardwareProfiles, latencySlas } from '../../api/resources.ts';
import { ErrorBudget } from '../../api/sla-counts.ts';
import { durationMs } from '../../api/units.ts';
import { findCondition } from '../../runtime/conditions.ts';
import type { Watched } from '../../runtime/controller.ts';
import { gauges } from './gauges.ts';
import { Seen } from './seen.ts';
import { Tally } from './tally.ts';

const results = ['Promoted', 'RolledBack'] as const;
const speeds = ErrorBudget.shape.burning.unwrap().options;

/** Rollouts that a status tells of and the one before it did not. */
function ended(before: LatencySLA | undefined, now: LatencySLA): (typeof results)[number][] {
  // What had ended before this process began was told by the one before.
  if (!before) return [];
  const last = before.status?.history?.at(-1)?.at ?? '';
  return (now.status?.history ?? [])
    .filter(({ at }) => at > last)
    .flatMap(({ event }) => results.find((result) => result === event) ?? []);
}

/** How each SLA does, and what was done for it. SLAs beyond the cap are only counted. */
export function slaMetrics(registry: Registry): Watched[] {
  const registers = [registry];
  const rollouts = new Counter({
    name: 'retune_rollouts_total',
    help: 'Rollouts that ended, by result.',
    labelNames: ['result'],
    registers,
  });
  for (const result of results) rollouts.inc({ result }, 0);
  const bySla = new Tally(results);
  const changed = (before: LatencySLA | undefined, now: LatencySLA) => {
    for (const result of ended(before, now)) {
      rollouts.inc({ result });
      bySla.add(now, result);
    }
  };
  const slas = new Seen<LatencySLA>(latencySlas, { changed, deleted: (sla) => bySla.forget(sla) });
  const profiles = new Seen(hardwareProfiles);

  const gauge = gauges(registry);
  const ofSla = ['namespace', 'sla'];
  const labelsOf = ({ metadata: { namespace = '', name } }: LatencySLA) => ({ namespace, sla: name });
  const perSla = (name: string, help: string, value: (sla: LatencySLA) => number | undefined) =>
    gauge(name, help, ofSla, (one) => {
      for (const sla of slas.named) {
        const found = value(sla);
        if (found !== undefined) one.set(labelsOf(sla), found);
      }
    });
  const seconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1000);
  perSla('retune_sla_latency_seconds', 'The percentile of the objective in the last window.', ({ status }) =>
    seconds(status?.measured?.percentileMs),
  );
  perSla('retune_sla_threshold_seconds', 'What it may be at the most.', ({ spec }) =>
    seconds(durationMs(spec.objective.threshold)),
  );
  perSla(
    'retune_sla_requests_per_second',
    'Requests in the last window.',
    ({ status }) => status?.measured?.ratePerSecond,
  );
  perSla(
    'retune_sla_error_budget_left_ratio',
    'Share of the error budget that is left; below zero it is overspent.',
    ({ status }) => status?.errorBudget?.left,
  );
  perSla('retune_sla_rollout_running', '1 while a rollout runs.', ({ status }) => (status?.rollout ? 1 : 0));
  perSla('retune_sla_suspended', '1 while it is not judged.', ({ spec }) => (spec.suspend ? 1 : 0));
  perSla('retune_sla_drifting', '1 while production is slower than the active variant was measured.', ({ status }) =>
    findCondition(status?.conditions, 'Drift')?.status === 'True' ? 1 : 0,
  );
  gauge(
    'retune_sla_burn_rate',
    'Share of slow requests over the share that the objective allows, by window.',
    [...ofSla, 'window'],
    (one) => {
      for (const sla of slas.named) {
        for (const { seconds: length, burnRate } of sla.status?.errorBudget?.windows ?? []) {
          one.set({ ...labelsOf(sla), window: `${length}s` }, burnRate);
        }
      }
    },
  );
  new Counter({
    name: 'retune_sla_rollouts_total',
    help: 'Rollouts of each SLA that ended, by result.',
    labelNames: [...ofSla, 'result'],
    registers,
    collect() {
      this.reset();
      for (const sla of slas.named) {
        for (const [result, count] of bySla.of(sla)) this.inc({ ...labelsOf(sla), result }, count);
      }
    },
  });
  gauge(
    'retune_sla_burning',
    '1 while both windows of a pair burn the error budget too fast; a faster pair goes before a slower one.',
    [...ofSla, 'speed'],
    (one) => {
      for (const sla of slas.named) {
        for (const speed of speeds)
          one.set({ ...labelsOf(sla), speed }, sla.status?.errorBudget?.burning === speed ? 1 : 0);
      }
    },
  );
  const state = (name: string, help: string, label: string, all: readonly string[], of: (sla: LatencySLA) => string) =>
    gauge(name, help, [...ofSla, label], (one) => {
      for (const sla of slas.named) {
        for (const each of all) one.set({ ...labelsOf(sla), [label]: each }, each === of(sla) ? 1 : 0);
      }
    });
  state('retune_sla_verdict', '1 for the present verdict.', 'verdict', Verdict.options, ({ status }) => {
    return status?.verdict ?? 'NoData';
  });
  state(
    'retune_sla_cause',
    '1 for the cause of a violation; None while there is none.',
    'cause',
    Cause.options,
    (sla) => {
      return sla.status?.cause ?? 'None';
    },
  );
  gauge('retune_sla_active_variant_info', 'What each SLA serves.', [...ofSla, 'variant', 'accelerator'], (one) => {
    for (const sla of slas.named) {
      const { activeVariant: variant = '', accelerator = '' } = sla.status ?? {};
      one.set({ ...labelsOf(sla), variant, accelerator }, 1);
    }
  });
  gauge('retune_slas', 'SLAs by verdict.', ['verdict'], (one) => {
    for (const verdict of Verdict.options) {
      one.set({ verdict }, slas.all.filter(({ status }) => (status?.verdict ?? 'NoData') === verdict).length);
    }
  });
  gauge('retune_slas_without_series', 'SLAs beyond those that have series of their own.', [], (one) =>
    one.set(slas.unnamed),
  );
  gauge('retune_accelerator_nodes', 'Ready nodes of each accelerator type.', ['accelerator'], (one) => {
    for (const { metadata, status } of profiles.named) {
      one.set({ accelerator: metadata.name }, status?.nodeCount ?? 0);
    }
  });
  return [slas.watched, profiles.watched];
}
