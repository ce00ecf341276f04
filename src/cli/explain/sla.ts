import type { LatencySLA } from '../../api/latency-sla.ts';
import { durationMs } from '../../api/units.ts';
import type { Variant } from '../../api/variant.ts';
import { acceleratorsOf, trialsOn } from '../../controllers/search/accelerators.ts';
import type { SearchSnapshot } from '../../controllers/search/gather.ts';
import { measuredOf, trialState } from '../../controllers/search/measured.ts';
import { isFirstPhase } from '../../controllers/shared/phases.ts';
import { showValue } from '../../core/quality/metric.ts';
import { capacity, expectedTailMs } from '../../core/sla/choice.ts';
import { orderOf, orderText } from '../../core/sla/orders.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { ms } from '../show/figures.ts';
import type { Explanation, Reason } from './reason.ts';

const tones = { Met: 'good', Drifting: 'warn', Violated: 'bad', NoData: 'warn' } as const;

function verdictReason({ status, metadata }: LatencySLA): Reason {
  const { verdict, cause, conditions, observedGeneration } = status ?? {};
  if (!verdict)
    return {
      verdict: 'NotJudged',
      tone: 'warn',
      because: ['no operator has judged it: retune doctor says what is missing'],
    };
  const met = findCondition(conditions, 'Met');
  const metrics = findCondition(conditions, 'MetricsAvailable');
  return {
    verdict: cause && cause !== 'None' ? `${verdict} by ${cause}` : verdict,
    tone: tones[verdict],
    because: [
      ...(met ? [`since ${met.lastTransitionTime}: ${met.message}`] : []),
      ...(metrics && metrics.status !== 'True' ? [`${metrics.reason}: ${metrics.message}`] : []),
      ...(observedGeneration === metadata.generation ? [] : ['the operator has not seen its last change yet']),
    ],
  };
}

/** As many as can be looked through. */
const mostExpected = 5;

/** What the variants of its search should do at the load of now, by their load curves. */
function expectations({ spec, status }: LatencySLA, snapshot: SearchSnapshot): string[] {
  const { accelerator = spec.accelerator, measured, activeVariant } = status ?? {};
  const rate = (measured?.ratePerSecond ?? 0) / Math.max(1, measured?.replicas ?? 1);
  const thresholdMs = durationMs(spec.objective.threshold);
  const here = acceleratorsOf(snapshot).find(({ name }) => name === accelerator);
  const trials = here ? trialsOn(snapshot, here) : [];
  const expected = trials
    .filter((trial) => trialState(trial) === 'Succeeded')
    .filter((trial) => isFirstPhase(snapshot.search, trial) && !trial.status?.stoppedEarly)
    .flatMap((trial) => {
      const { latency, loadCurve = [] } = trial.status ?? {};
      const name = trial.spec.variantRef.name;
      const quality = snapshot.variants.find(({ metadata }) => metadata.name === name)?.status?.quality;
      if (!latency || !quality || loadCurve.length === 0) return [];
      const curve = { loadCurve, p99Ms: latency.p99Ms };
      const [tailMs, most] = [expectedTailMs(curve, rate), capacity(curve)];
      return [{ name, quality, tailMs, most, active: name === activeVariant }];
    })
    // Those that can't answer it come last, and among them what answers most comes first.
    .sort((a, b) => Number(b.active) - Number(a.active) || a.tailMs - b.tailMs || b.most - a.most)
    .slice(0, mostExpected);
  if (expected.length === 0) return [];
  const lines = expected.map(({ name, quality: { metric, value }, tailMs, most, active }) => {
    const over = tailMs > thresholdMs ? ', over the threshold' : '';
    const tail = Number.isFinite(tailMs) ? `p99 ${ms(tailMs)} ms${over}` : `too much, it answers ${most.toFixed(1)}`;
    return `${name}${active ? ', which serves' : ''}: ${tail} (${showValue(metric, value)} ${metric})`;
  });
  return [`at ${rate.toFixed(1)} requests/s a replica, by the load curves that were measured:`, ...lines];
}

function serving(sla: LatencySLA, snapshot: SearchSnapshot | undefined): Reason {
  const { activeVariant, activeUri, accelerator, refused = [] } = sla.status ?? {};
  const here = snapshot && acceleratorsOf(snapshot).find(({ name }) => name === accelerator);
  const nameOf = (digest: string) =>
    snapshot?.variants.find((one: Variant) => one.status?.artifact?.digest === digest)?.metadata.name ??
    digest.slice(0, 19);
  const active = snapshot?.variants.find(({ metadata }) => metadata.name === activeVariant);
  const measured = active && snapshot && here && measuredOf(snapshot, active, here);
  return {
    verdict: activeVariant ? `serves ${activeVariant}` : `serves ${activeUri ?? 'a model that is not known'}`,
    because: [
      ...(measured
        ? [`measured at p50 ${ms(measured.p50Ms)} ms and p99 ${ms(measured.p99Ms)} ms without load on ${accelerator}`]
        : []),
      ...(snapshot ? expectations(sla, snapshot) : []),
      ...(refused.length > 0
        ? [`rolled back here before, and not tried again: ${[...new Set(refused.map(nameOf))].join(', ')}`]
        : []),
    ],
  };
}

function action({ status, metadata }: LatencySLA): Reason {
  const { rollout, recommendation, conditions } = status ?? {};
  const ready = findCondition(conditions, 'Ready');
  const order = orderOf(metadata);
  const orders = !order ? [] : order.kind === 'Unreadable' ? [order.message] : [`ordered: ${orderText(order)}`];
  if (rollout) {
    const { variant, step, stepSince, started, message } = rollout;
    return {
      verdict: `rolls out ${variant}`,
      because: [`${step} since ${stepSince}, begun ${started}${message ? `: ${message}` : ''}`, ...orders],
    };
  }
  const more = recommendation ? [`recommends ${recommendation.variant}: status.recommendation.patch`] : [];
  return {
    verdict: ready?.reason ?? 'does nothing yet',
    tone: ready?.status === 'False' ? 'bad' : undefined,
    because: [...(ready ? [ready.message] : []), ...more, ...orders],
  };
}

/** Why an SLA has the verdict that it has, on what evidence, and why it does what it does. */
export function explainSla(sla: LatencySLA, snapshot: SearchSnapshot | undefined): Explanation {
  const { name } = sla.metadata;
  const { percentile, threshold } = sla.spec.objective;
  return {
    about: `LatencySLA ${name}: ${percentile} of ${sla.spec.workloadRef.kind} ${sla.spec.workloadRef.name} within ${threshold}`,
    reasons: [verdictReason(sla), serving(sla, snapshot), action(sla)],
    history: sla.status?.history ?? [],
  };
}
