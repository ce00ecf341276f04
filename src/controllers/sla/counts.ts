import type { Drift, ErrorBudget } from '../../api/sla-counts.ts';
import { durationMs } from '../../api/units.ts';
import { burnEvidence, spend } from '../../core/sla/burn-rate.ts';
import { expectedMedianMs, expectedTailMs, type Finalist, saturated } from '../../core/sla/choice.ts';
import { afterRollout, alarmed, nothingKnown, watch } from '../../core/sla/drift/drift.ts';
import { driftEvidence } from '../../core/sla/drift/evidence.ts';
import { resolution } from '../../core/sla/resolution.ts';
import { total } from '../../core/statistics/histogram.ts';
import type { Reading } from '../../sources/source.ts';
import { type Context, condition, quantiles } from './context.ts';

type Counted = Extract<Reading, { kind: 'Histogram' }>;

/** Status is read by people too: nine digits are enough for both. */
const rounded = <T>(value: T): T =>
  JSON.parse(JSON.stringify(value), (_, one) => (typeof one === 'number' ? Number(one.toPrecision(9)) : one)) as T;

function budgetAfter({ snapshot, status, thresholdMs }: Context, { histogram, seconds }: Counted) {
  const { percentile, threshold, budgetPeriod } = snapshot.sla.spec.objective;
  const { leastShare, mostShare } = resolution(histogram, thresholdMs);
  // Where buckets can't tell slow from fast nothing is spent, or everything would be.
  if (leastShare !== mostShare) return status.errorBudget;
  const requests = total(histogram);
  return spend(
    status.errorBudget,
    { seconds, requests, slow: leastShare * requests },
    {
      of: `${percentile} ${threshold}`,
      allowed: 1 - quantiles[percentile],
      periodSeconds: Math.max(60, Math.round(durationMs(budgetPeriod) / 1000)),
    },
  );
}

const expectedOf = (active: Finalist) => (ratePerSecond: number) => ({
  saturated: saturated(active, ratePerSecond),
  medianMs: expectedMedianMs(active, ratePerSecond),
  tailMs: expectedTailMs(active, ratePerSecond),
});

/** The detector after the fresh requests: another accelerator is learned from the start, another variant nearly so. */
function driftAfter(
  { status, at }: Context,
  { histogram, seconds }: Counted,
  active: Finalist,
  replicas: number,
): Drift {
  const { variant } = active;
  const { accelerator, drift } = status;
  const known = drift?.variant === variant && drift.accelerator === accelerator ? drift : undefined;
  const before = drift && drift.accelerator === accelerator ? afterRollout(drift) : nothingKnown;
  const charts = watch(known ?? before, { histogram, seconds, replicas }, expectedOf(active));
  return { ...charts, variant, accelerator, since: alarmed(charts) ? (known?.since ?? at) : undefined };
}

/** Without a load curve a trial says nothing of a server that requests wait for. */
const comparable = (active: Finalist | undefined) => (active && active.loadCurve.length > 0 ? active : undefined);

/**
 * Adds the requests that nobody has counted yet to the error budget and to the drift detector, both in status, so that
 * a restart of the operator loses nothing. `mixed` while more than the active variant answers. Silence and outages add
 * nothing.
 */
export function countFresh(context: Context, finalist: Finalist | undefined, replicas: number, mixed: boolean): void {
  const { status, snapshot, at } = context;
  const { fresh } = snapshot;
  const active = comparable(finalist);
  // Between two pods nobody knows the accelerator: no reason to forget what was learned on it.
  if (!active && status.accelerator) status.drift = undefined;
  if (fresh?.kind !== 'Histogram' || fresh.seconds <= 0 || total(fresh.histogram) === 0) return;
  status.counted = at;
  const budget = budgetAfter(context, fresh);
  status.errorBudget = budget && rounded(budget);
  if (active && !mixed) status.drift = rounded(driftAfter(context, fresh, active, replicas));
}

function budgetCondition(context: Context, budget: ErrorBudget, before: ErrorBudget | undefined): void {
  const { burning } = budget;
  const evidence = burnEvidence(budget);
  const calm = `${Math.round(100 * budget.left)}% of the error budget is left`;
  condition(context, 'BudgetBurning', burning !== undefined, burning ?? 'WithinBudget', evidence || calm);
  if (burning && burning !== before?.burning) {
    context.events.push({ type: 'Warning', reason: `Budget${burning}Burn`, message: evidence });
  }
}

/** Says of budget and drift what is known; the evidence of a drift, where there is one. */
export function writeCounts(context: Context, finalist: Finalist | undefined): string | undefined {
  const active = comparable(finalist);
  const { status, snapshot } = context;
  const { errorBudget, drift } = status;
  if (errorBudget) budgetCondition(context, errorBudget, snapshot.sla.status?.errorBudget);
  const { production } = snapshot;
  if (production.kind !== 'Histogram') {
    condition(context, 'Drift', undefined, 'NoData', 'nothing can be compared without data');
    return undefined;
  }
  if (!active) {
    const message = 'what the workload serves was not measured on this accelerator: nothing to compare production with';
    condition(context, 'Drift', undefined, 'NotMeasured', message);
    return undefined;
  }
  if (drift?.variant !== active.variant) {
    condition(context, 'Drift', undefined, 'Learning', `what ${active.variant} usually takes here is not known yet`);
    return undefined;
  }
  const { drifting, reason, message } = driftEvidence(drift, production.histogram, expectedOf(active));
  condition(context, 'Drift', drifting, reason, drift.since ? `${message}, since ${drift.since}` : message);
  return drifting ? message : undefined;
}
