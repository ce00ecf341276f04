import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LatencySLAStatus } from '../../api/latency-sla.ts';
import type { Reading } from '../../sources/source.ts';
import { decide } from './decide.ts';
import { anSla, aSnapshot, nowMs } from './fixtures.ts';
import type { SlaSnapshot } from './gather.ts';

const bounds = [...Array.from({ length: 30 }, (_, i) => 2 * 1.15 ** i), Number.POSITIVE_INFINITY];
/** Ten requests a second with exponential times around a mean, as expected counts. */
function times(meanMs: number, seconds: number): Extract<Reading, { kind: 'Histogram' }> {
  const all = 10 * seconds;
  return {
    kind: 'Histogram',
    seconds,
    histogram: { bounds, counts: bounds.map((upper) => all * (1 - Math.exp(-upper / meanMs))) },
  };
}
const traffic = (meanMs: number) => ({ production: times(meanMs, 300), fresh: times(meanMs, 5) });
const sla = { objective: { percentile: 'P99', threshold: '80ms', window: '5m', budgetPeriod: '720h' } } as const;

/** So many intervals of the same; the status goes through JSON each time, as through a restarted operator. */
function after(
  status: LatencySLAStatus | undefined,
  intervals: number,
  change: Partial<SlaSnapshot>,
  startMs = nowMs,
): LatencySLAStatus {
  let now = status;
  for (let i = 0; i < intervals; i++) {
    const stored = now && (JSON.parse(JSON.stringify(now)) as LatencySLAStatus);
    now = decide(aSnapshot({ sla: anSla(sla, stored), ...change }), startMs + i * 5000).status;
  }
  if (!now) throw new Error('no interval');
  return now;
}
const conditionOf = ({ conditions }: LatencySLAStatus, type: string) => conditions?.find((one) => one.type === type);
const learned = after(undefined, 400, traffic(10));

test('production as usual is met, with a budget and a detector in status', () => {
  assert.equal(learned.verdict, 'Met');
  assert.equal(conditionOf(learned, 'Drift')?.reason, 'AsUsual');
  assert.equal(conditionOf(learned, 'BudgetBurning')?.reason, 'WithinBudget');
  assert.equal(learned.drift?.variant, 'base');
  assert.ok(JSON.stringify(learned).length < 6000, `${JSON.stringify(learned).length} bytes of status`);
});

test('a slowdown inside the SLA is a drift, with its evidence, and no cause for a rollout', () => {
  const slower = after(learned, 60, traffic(14));
  assert.equal(slower.verdict, 'Drifting');
  const drift = conditionOf(slower, 'Drift');
  assert.deepEqual([drift?.status, drift?.reason], ['True', 'MedianSlower']);
  assert.match(drift?.message ?? '', /median 9\.\d ms where [67]\.\d ms is usual at 10\.0 requests\/s .*, since 2026-/);
  assert.match(conditionOf(slower, 'Met')?.message ?? '', /requests became slower altogether/);
  assert.equal(slower.rollout, undefined);
  assert.equal(after(slower, 240, traffic(10)).verdict, 'Met');
});

test('silence, outages and a rollout neither drift nor forget', () => {
  for (const production of [
    { kind: 'Unreachable', message: 'down' },
    { kind: 'NoData', message: 'nothing' },
  ] as const) {
    const out = after(learned, 60, { production, fresh: production });
    assert.deepEqual([out.drift, out.errorBudget, out.counted], [learned.drift, learned.errorBudget, learned.counted]);
    assert.equal(conditionOf(out, 'Drift')?.status, 'Unknown');
  }
  const lastRollout = new Date(nowMs).toISOString();
  assert.deepEqual(after({ ...learned, lastRollout }, 5, traffic(14)).drift, learned.drift);
});

test('another variant is learned anew, and one that was never measured is compared with nothing', () => {
  const drift = learned.drift && { ...learned.drift, variant: 'small' };
  assert.equal(after({ ...learned, drift }, 1, traffic(10)).drift?.learnedSeconds, 5);
  const unmeasured = after(learned, 1, { ...traffic(10), trials: [] });
  assert.deepEqual([unmeasured.drift, conditionOf(unmeasured, 'Drift')?.reason], [undefined, 'NotMeasured']);
});

test('how requests clump is known of the variant before on the same accelerator, and of no other', () => {
  const drift = learned.drift && { ...learned.drift, variant: 'small' };
  const { dispersion } = after({ ...learned, drift }, 1, traffic(10)).drift ?? {};
  assert.deepEqual(dispersion, { median: drift?.median?.dispersion, tail: drift?.tail?.dispersion });
  const elsewhere = after({ ...learned, drift: drift && { ...drift, accelerator: 'gpu' } }, 1, traffic(10)).drift;
  assert.deepEqual([elsewhere?.learnedSeconds, elsewhere?.dispersion], [5, undefined]);
});

test('what a variant usually took says nothing of the one that replaced it', () => {
  const drift = learned.drift && { ...learned.drift, variant: 'small', since: new Date(nowMs).toISOString() };
  const lastRollout = new Date(nowMs).toISOString();
  const settling = after({ ...learned, drift, lastRollout }, 1, traffic(14));
  assert.deepEqual([conditionOf(settling, 'Drift')?.reason, settling.verdict], ['Learning', 'Met']);
});

test('where buckets hide the threshold no budget is spent', () => {
  const histogram = { bounds: [25, 200, Number.POSITIVE_INFINITY], counts: [40, 50, 50] };
  const fresh = { kind: 'Histogram', seconds: 5, histogram } as const;
  assert.equal(after(undefined, 1, { ...traffic(10), fresh }).errorBudget, undefined);
});

test('a moment without pods forgets nothing', () => {
  const { workload } = aSnapshot();
  if (workload.kind !== 'Found') throw new Error('fixture');
  const without = { ...workload, target: { ...workload.target, pods: [] } };
  const silent = { kind: 'NoData', message: 'no pod' } as const;
  const between = after(learned, 3, { workload: without, production: silent, fresh: silent });
  assert.deepEqual([between.accelerator, between.drift], [undefined, learned.drift]);
});

test('a budget that goes too fast is said with its windows, once', () => {
  const slow = traffic(60);
  const burning = after(learned, 400, slow);
  assert.equal(burning.errorBudget?.burning, 'Fast');
  assert.match(conditionOf(burning, 'BudgetBurning')?.message ?? '', /times too fast over 60 min and .* over 5 min/);
  const { events } = decide(aSnapshot({ sla: anSla(sla, burning), ...slow }), nowMs);
  assert.ok(events.every(({ reason }) => !reason.startsWith('Budget')));
});

test('an objective that is changed has a budget of its own', () => {
  const tightened = anSla({ objective: { ...sla.objective, threshold: '60ms' } }, learned);
  const { status } = decide(aSnapshot({ sla: tightened, ...traffic(10) }), nowMs);
  assert.deepEqual([status.errorBudget?.of, status.errorBudget?.seenSeconds], ['P99 60ms', 5]);
});
