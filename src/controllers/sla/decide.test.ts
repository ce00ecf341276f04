import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from './decide.ts';
import { anSla, aReading, aSnapshot, baseUri, digestOf, nowMs, uriOf } from './fixtures.ts';
import type { SlaSnapshot } from './gather.ts';

const reason = (snapshot: SlaSnapshot, type = 'Ready') =>
  decide(snapshot, nowMs).status.conditions?.find((condition) => condition.type === type)?.reason;

/** 2000 requests in 30 s is 67 a second: what the base model was measured to saturate at. */
const breached = aReading(2000, 400);

test('an SLA that is met changes nothing', () => {
  const { status, actions } = decide(aSnapshot(), nowMs);
  assert.deepEqual([status.verdict, status.cause, status.activeVariant, actions], ['Met', 'None', 'base', []]);
  assert.equal(status.rollout, undefined);
});

test('a breach by load rolls the faster variant out, with its cause in status', () => {
  const { status, events } = decide(aSnapshot({ production: breached }), nowMs);
  assert.deepEqual([status.verdict, status.cause], ['Violated', 'Load']);
  assert.deepEqual(
    [status.rollout?.variant, status.rollout?.modelUri, status.rollout?.previousUri],
    ['small', uriOf('small'), baseUri],
  );
  assert.deepEqual(
    events.map((event) => event.reason),
    ['Violated', 'RolloutStarted'],
  );
});

test('load that has just grown is seen as load, though most of the window was calm', () => {
  const calm = { verdict: 'Met', lastMet: { ratePerSecond: 10 } } as const;
  const production = aReading(360, 30);
  const recent = { ...aReading(200, 30), seconds: 10 };
  const cause = (change: Partial<SlaSnapshot>) =>
    decide(aSnapshot({ sla: anSla({}, calm), production, ...change }), nowMs).status.cause;
  assert.deepEqual([cause({ recent }), cause({})], ['Load', 'Throttling']);
});

test('right after a rollout no cause is claimed', () => {
  const lastRollout = new Date(nowMs - 10_000).toISOString();
  const { status } = decide(aSnapshot({ sla: anSla({}, { lastRollout }), production: breached }), nowMs);
  assert.deepEqual([status.verdict, status.cause], ['Violated', 'Unknown']);
});

test('mode Recommend decides the same and starts nothing', () => {
  const { status, recommend } = decide(aSnapshot({ sla: anSla({ mode: 'Recommend' }), production: breached }), nowMs);
  assert.equal(recommend?.variant, 'small');
  assert.equal(status.rollout, undefined);
});

test('a workload that must not be changed is not, and the condition says why; a recommendation is made all the same', () => {
  const unfit = { reason: 'OwnedByGitOps', message: 'Argo CD sets it' };
  const snapshot = (mode: 'Auto' | 'Recommend', production = breached) => {
    const found = aSnapshot({ sla: anSla({ mode }), production });
    if (found.workload.kind !== 'Found') throw new Error('fixture');
    return { ...found, workload: { kind: 'Found' as const, target: { ...found.workload.target, unfit } } };
  };
  assert.deepEqual(
    [reason(snapshot('Auto')), decide(snapshot('Auto'), nowMs).status.rollout],
    ['OwnedByGitOps', undefined],
  );
  assert.equal(decide(snapshot('Recommend'), nowMs).recommend?.variant, 'small');
  assert.equal(reason(snapshot('Auto', aReading(300, 0))), 'Met', 'nobody is troubled while there is nothing to do');
});

test('a rollout waits where its workload can not be read for a while, and is given up where it is gone', () => {
  const rollout = { variant: 'small', modelUri: uriOf('small'), digest: digestOf('small'), previousUri: baseUri };
  const at = new Date(nowMs).toISOString();
  const sla = anSla({}, { rollout: { ...rollout, step: 'Comparing', started: at, stepSince: at } });
  const unreadable = { kind: 'Refused', reason: 'ModelNotBound', message: 'no value' } as const;
  assert.ok(decide(aSnapshot({ sla, workload: unreadable }), nowMs).status.rollout);
  assert.equal(decide(aSnapshot({ sla, workload: { kind: 'Missing' } }), nowMs).status.rollout, undefined);
});

test('a recommendation that is served is none any more', () => {
  const recommendation = { variant: 'base', modelUri: baseUri, patch: '{}' };
  assert.equal(decide(aSnapshot({ sla: anSla({}, { recommendation }) }), nowMs).status.recommendation, undefined);
});

test('nothing is changed without data, and an outage is told from silence', () => {
  const outage = aSnapshot({ production: { kind: 'Unreachable', message: 'Prometheus did not answer' } });
  assert.equal(decide(outage, nowMs).status.verdict, 'NoData');
  assert.deepEqual([reason(outage, 'MetricsAvailable'), reason(outage)], ['Unreachable', 'Holding']);
  const few = aSnapshot({ production: aReading(10, 10) });
  assert.deepEqual([reason(few, 'MetricsAvailable'), reason(few)], ['TooFewSamples', 'Holding']);
  const wrong = aSnapshot({ production: { kind: 'Refused', message: 'parse error' } });
  assert.deepEqual([reason(wrong, 'MetricsAvailable'), reason(wrong)], ['QueryRefused', 'Holding']);
});

test('buckets that hide the threshold are named, and nothing is done', () => {
  const sla = anSla({ objective: { percentile: 'P99', threshold: '80ms', window: '30s', budgetPeriod: '720h' } });
  const histogram = { bounds: [25, 200, Number.POSITIVE_INFINITY], counts: [1600, 2000, 2000] };
  const { status } = decide(aSnapshot({ sla, production: { kind: 'Histogram', seconds: 30, histogram } }), nowMs);
  const available = status.conditions?.find(({ type }) => type === 'MetricsAvailable');
  assert.deepEqual([available?.status, available?.reason, status.verdict], ['False', 'BucketsTooWide', 'NoData']);
  assert.match(available?.message ?? '', /threshold of 80 ms lies inside the bucket from 25 ms to 200 ms/);
});

test('a missing workload and a missing search are named', () => {
  assert.equal(reason(aSnapshot({ workload: { kind: 'Missing' } })), 'WorkloadNotFound');
  assert.equal(reason(aSnapshot({ search: undefined })), 'SearchNotFound');
});

test('a breach waits for a search that still runs', () => {
  const snapshot = aSnapshot({ production: breached });
  const search = snapshot.search && { ...snapshot.search, status: { base: 'base' } };
  assert.equal(reason({ ...snapshot, search }), 'WaitingForSearch');
});

test('a threshold that no variant meets says so and what to do', () => {
  const sla = anSla({ objective: { percentile: 'P99', threshold: '1ms', window: '30s', budgetPeriod: '720h' } });
  const snapshot = aSnapshot({ sla, production: breached });
  assert.equal(reason(snapshot), 'NoVariantFits');
});

test('a refused digest is not tried again, and a cooldown is kept', () => {
  const refused = aSnapshot({ sla: anSla({}, { refused: [digestOf('small')] }), production: breached });
  assert.equal(reason(refused), 'NoVariantFits');
  const lastRollout = new Date(nowMs - 10_000).toISOString();
  assert.equal(reason(aSnapshot({ sla: anSla({}, { lastRollout }), production: breached })), 'Cooldown');
});

test('when load falls, the more accurate variant comes back', () => {
  const snapshot = aSnapshot({ production: aReading(300, 0) });
  if (snapshot.workload.kind !== 'Found') throw new Error('fixture');
  const target = { ...snapshot.workload.target, tracks: { stable: { modelUri: uriOf('small'), settled: true } } };
  const { status } = decide({ ...snapshot, workload: { kind: 'Found', target } }, nowMs);
  assert.equal(status.rollout?.variant, 'base');
});

test('a variant whose outputs differ on this accelerator is never rolled out', () => {
  const snapshot = aSnapshot({ production: breached });
  const trials = snapshot.trials.map((trial) => ({ ...trial, status: { ...trial.status, outputsAgree: false } }));
  assert.equal(decide({ ...snapshot, trials }, nowMs).status.rollout, undefined);
});

test('a floor in percent is refused where the search judges by what is none, and a drop is counted from its base', () => {
  const snapshot = aSnapshot({ production: breached });
  const { search } = snapshot;
  if (!search) throw new Error('fixture');
  const judgedBy = (quality: object) => ({ ...search, spec: { ...search.spec, quality } as typeof search.spec });
  const floor = anSla({ quality: { floor: '90%' } });
  assert.equal(reason({ ...snapshot, sla: floor, search: judgedBy({ metric: 'Perplexity' }) }), 'FloorUnusable');
  assert.equal(reason({ ...snapshot, sla: floor, search: judgedBy({ metric: 'Top1' }) }), 'RollingOut');
  assert.equal(reason({ ...snapshot, search: judgedBy({ metric: 'Top1', maxDrop: '1%' }) }), 'NoVariantFits');
  assert.equal(reason({ ...snapshot, search: judgedBy({ metric: 'Top1', maxDrop: '2%' }) }), 'RollingOut');
});

test('a suspended SLA judges nothing', () => {
  const snapshot = aSnapshot({ sla: anSla({ suspend: true }), production: breached });
  assert.equal(reason(snapshot), 'Suspended');
  assert.equal(decide(snapshot, nowMs).status.rollout, undefined);
});

test('history stays bounded', () => {
  const history = Array.from({ length: 20 }, () => ({
    at: new Date(nowMs).toISOString(),
    event: 'Verdict' as const,
    reason: 'Met',
    message: '',
  }));
  const { status } = decide(aSnapshot({ sla: anSla({}, { history, verdict: 'Met' }), production: breached }), nowMs);
  assert.equal(status.history?.length, 20);
});

test('a breach is told from what the pods say of themselves, and from what was there when the SLA was last met', () => {
  const { workload } = aSnapshot();
  const modelUri = workload.kind === 'Found' ? workload.target.tracks.stable.modelUri : '';
  const met = {
    verdict: 'Met',
    lastMet: { ratePerSecond: 10, elementsPerRequest: 100, modelUri },
  } as const;
  const production = aReading(300, 60);
  if (production.kind !== 'Histogram') throw new Error('fixture');
  const cause = (signals: object, status: object = met) =>
    decide(aSnapshot({ sla: anSla({}, status), production: { ...production, signals } }), nowMs).status.cause;
  assert.equal(cause({ throttledShare: 0.4 }), 'Throttling');
  const violated = (first: 'NoisyNeighbour' | 'HardwareChanged') => ({ ...met, verdict: 'Violated', cause: first });
  assert.equal(cause({ throttledShare: 0.4 }, violated('NoisyNeighbour')), 'Throttling', 'it waited at its limit');
  assert.equal(cause({ throttledShare: 0.4 }, violated('HardwareChanged')), 'HardwareChanged');
  assert.equal(cause({ elementsPerRequest: 200 }), 'InputChanged');
  assert.equal(cause({ waitShare: 0.4, throttledShare: 0 }), 'NoisyNeighbour');
  assert.equal(cause({}, { ...met, lastMet: { ...met.lastMet, accelerator: 'old' } }), 'HardwareChanged');
  assert.equal(cause({}, { ...met, lastMet: { ...met.lastMet, modelUri: uriOf('other') } }), 'ModelChanged');
});

test('a promoted variant that breaks the SLA at a load that it was measured to carry is taken back; a greater load is not its fault', () => {
  const at = new Date(nowMs - 20_000).toISOString();
  const rollout = {
    ...{ variant: 'small', modelUri: uriOf('small'), digest: digestOf('small'), previousUri: baseUri },
    ...{ step: 'Proving' as const, started: at, stepSince: at },
  };
  const snapshot = (change: Partial<SlaSnapshot>) => {
    const found = aSnapshot({ sla: anSla({}, { rollout }), ...change });
    if (found.workload.kind !== 'Found') throw new Error('fixture');
    const tracks = { stable: { modelUri: uriOf('small'), settled: true } };
    return decide({ ...found, workload: { kind: 'Found', target: { ...found.workload.target, tracks } } }, nowMs);
  };
  const slow = snapshot({ alone: aReading(300, 60) });
  assert.deepEqual([slow.status.rollout?.step, slow.status.rollout?.reason], ['RollingBack', 'WorseUnderLoad']);
  assert.equal(snapshot({}).status.rollout?.step, 'Proving', 'nothing is known yet');
  const well = snapshot({ alone: aReading(900, 0) });
  assert.deepEqual([well.status.rollout, well.status.history?.at(-1)?.event], [undefined, 'Promoted']);
  // 600 a second in the last ten seconds; it carries 330 within the threshold.
  const recent = { ...aReading(6000, 3000), seconds: 10 };
  const outgrown = snapshot({ alone: aReading(300, 60), recent });
  assert.deepEqual([outgrown.status.history?.at(-1)?.event, outgrown.status.refused], ['Promoted', undefined]);
});

test('no other model is the answer to a CPU limit that the active one would not need', () => {
  const { workload, variants } = aSnapshot();
  const modelUri = workload.kind === 'Found' ? workload.target.tracks.stable.modelUri : '';
  const sla = anSla({}, { verdict: 'Met', lastMet: { ratePerSecond: 10, modelUri } });
  // As good as the base for all that held-out data tell, and faster: elsewhere reason enough.
  const quality = { metric: 'Top1' as const, value: 0.98, low: 0.97, high: 0.99, samples: 2000 };
  const alike = variants.map((variant) => ({ ...variant, status: { ...variant.status, quality } }));
  const production = aReading(300, 60);
  if (production.kind !== 'Histogram') throw new Error('fixture');
  const decided = (signals: object, its = sla) =>
    decide(aSnapshot({ sla: its, variants: alike, production: { ...production, signals } }), nowMs).status;
  const limited = decided({ throttledShare: 0.4 });
  assert.deepEqual([limited.cause, limited.rollout], ['Throttling', undefined]);
  assert.equal(limited.conditions?.find(({ type }) => type === 'Ready')?.reason, 'MeasuredToFit');
  // It may yet show: only a whole window without it says that it is no limit.
  const crowded = (seconds: number) => {
    const lastTransitionTime = new Date(nowMs - 1000 * seconds).toISOString();
    const met = { type: 'Met', status: 'False' as const, reason: 'Violated', message: '', lastTransitionTime };
    return decided({ waitShare: 0.4, throttledShare: 0 }, { ...sla, status: { ...sla.status, conditions: [met] } });
  };
  const early = crowded(10);
  assert.deepEqual([early.cause, early.rollout], ['NoisyNeighbour', undefined]);
  assert.equal(early.conditions?.find(({ type }) => type === 'Ready')?.reason, 'FindingCause');
  assert.equal(crowded(31).rollout?.variant, 'small');
});

test('a load that grows towards what the active variant carries is met before it breaks the SLA', () => {
  const slot = new Date(nowMs - 15_000).toISOString();
  // 28 requests a second, 4 more every fifteen seconds; the base model carries 43 within 40 ms.
  const status = { load: { slot, peaks: [8, 12, 16, 20, 24] } };
  const production = aReading(840, 0);
  const { status: growing } = decide(aSnapshot({ sla: anSla({}, status), production }), nowMs);
  assert.deepEqual([growing.verdict, growing.rollout?.variant], ['Met', 'small']);
  assert.deepEqual(growing.load?.peaks, [8, 12, 16, 20, 24, 28]);
  const started = (change: object) =>
    decide(aSnapshot({ sla: anSla({}, { ...status, ...change }), production }), nowMs).status.history?.at(-1)?.reason;
  const lastMet = { ratePerSecond: 28, accelerators: ['cpu'] };
  assert.deepEqual(
    [{}, { lastMet }, { lastMet: { ...lastMet, accelerators: ['other'] } }, { threshold: '80ms' }].map(started),
    ['Load', 'Load', 'HardwareChanged', 'SlaTightened'],
  );
  const level = { load: { slot, peaks: [28, 28, 28, 28, 28] } };
  assert.equal(decide(aSnapshot({ sla: anSla({}, level), production }), nowMs).status.rollout, undefined);
});

test('a load that was there minutes ago keeps the faster variant for a while', () => {
  const peaks = [35, ...new Array<number>(10).fill(10)];
  const sla = anSla({}, { load: { slot: new Date(nowMs).toISOString(), peaks } });
  const snapshot = aSnapshot({ sla, production: aReading(300, 0) });
  if (snapshot.workload.kind !== 'Found') throw new Error('fixture');
  const target = { ...snapshot.workload.target, tracks: { stable: { modelUri: uriOf('small'), settled: true } } };
  assert.equal(decide({ ...snapshot, workload: { kind: 'Found', target } }, nowMs).status.rollout, undefined);
});

test('where no variant fits the load, the replicas that would are told', () => {
  const snapshot = aSnapshot({ production: aReading(30_000, 6000) });
  const { status } = decide(snapshot, nowMs);
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  assert.equal(ready?.reason, 'NoVariantFits');
  assert.match(ready?.message ?? '', /\d+ replicas of base would, where there are 1/);
});

test('a violation at a load that the active variant was measured to carry is not answered with another model', () => {
  const production = aReading(300, 60);
  assert.equal(reason(aSnapshot({ production })), 'MeasuredToFit');
});

test('the load is remembered while a rollout runs, and not made up while production can not be read', () => {
  const load = { slot: new Date(nowMs - 60_000).toISOString(), peaks: [5] };
  const unreachable = aSnapshot({
    sla: anSla({}, { load }),
    production: { kind: 'Unreachable', message: 'no answer' },
  });
  assert.deepEqual(decide(unreachable, nowMs).status.load, load);
  assert.deepEqual(decide(aSnapshot({ sla: anSla({}, { load }) }), nowMs).status.load?.peaks, [5, 5, 5, 5, 10]);
});

/** Two replicas on node-a, which is of type cpu, and one on node-b, of type old, where `old` says how slow each variant is. */
function onTwoTypes(old: Record<string, number>): SlaSnapshot {
  const snapshot = aSnapshot({ production: breached });
  if (snapshot.workload.kind !== 'Found') throw new Error('fixture');
  const { target } = snapshot.workload;
  const [pod] = target.pods;
  const [profile] = snapshot.profiles;
  if (!pod || !profile) throw new Error('fixture');
  const pods = ['node-a', 'node-a', 'node-b'].map((node, i) => ({ ...pod, name: `web-${i}`, node }));
  const trials = snapshot.trials.map((trial) => ({
    ...trial,
    spec: { ...trial.spec, accelerator: 'old' },
    status: {
      ...trial.status,
      latency: trial.status?.latency && { ...trial.status.latency, p99Ms: old[trial.spec.variantRef.name] ?? 0 },
      loadCurve: [{ ratePerSecond: 500, p99Ms: 2 * (old[trial.spec.variantRef.name] ?? 0) }],
    },
  }));
  return {
    ...snapshot,
    workload: { kind: 'Found', target: { ...target, replicas: 3, pods } },
    profiles: [profile, { ...profile, metadata: { name: 'old' }, status: { nodes: ['node-b'] } }],
    trials: [...snapshot.trials, ...trials],
  };
}

test('a variant is chosen for every accelerator type that replicas stand on', () => {
  const fits = decide(onTwoTypes({ base: 100, small: 10 }), nowMs).status;
  assert.equal(fits.rollout?.variant, 'small');
  const none = decide(onTwoTypes({ base: 100, small: 90 }), nowMs).status;
  const ready = none.conditions?.find(({ type }) => type === 'Ready');
  assert.deepEqual([none.rollout, ready?.reason], [undefined, 'SelectNodes']);
  assert.match(ready?.message ?? '', /with \d replicas? on cpu alone; keep the workload off old/);
});

test('a rollout says what it answers, before the breach too, and a breach in the middle of it has that cause', () => {
  const slot = new Date(nowMs - 15_000).toISOString();
  const sla = anSla({}, { load: { slot, peaks: [8, 12, 16, 20, 24] } });
  const before = decide(aSnapshot({ sla, production: aReading(840, 0) }), nowMs).status;
  assert.deepEqual([before.cause, before.rollout?.cause, before.history?.at(-1)?.reason], ['None', 'Load', 'Load']);
  const amid = aSnapshot({ sla: { ...sla, status: before }, production: breached });
  assert.equal(decide(amid, nowMs + 1000).status.cause, 'Load');
});

test('a load that overtakes a variant just promoted is answered without rest, and not after a canary that failed', () => {
  const lastRollout = new Date(nowMs - 10_000).toISOString();
  const ended = (event: 'Promoted' | 'RolledBack') =>
    anSla({}, { lastRollout, history: [{ at: lastRollout, event, reason: 'CanaryBetter', message: '' }] });
  const rollout = (event: 'Promoted' | 'RolledBack') =>
    decide(aSnapshot({ sla: ended(event), production: breached }), nowMs).status.rollout?.variant;
  assert.deepEqual([rollout('Promoted'), rollout('RolledBack')], ['small', undefined]);
});
