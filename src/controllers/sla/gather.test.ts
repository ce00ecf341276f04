import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LatencySLA } from '../../api/latency-sla.ts';
import { latencySlas } from '../../api/resources.ts';
import { embeddedKinds } from '../../cli/embedded-kinds.ts';
import { EmbeddedApi } from '../../runtime/cluster/embedded/api/api.ts';
import { askOverHttp } from '../../sources/answers/answers.ts';
import { openTarget } from '../../targets/open.ts';
import type { TargetPod } from '../../targets/target.ts';
import { decide } from './decide.ts';
import { anSla, aReading, aSnapshot, digestOf, nowMs } from './fixtures.ts';
import { gather } from './gather.ts';

const readerOf = () => ({ read: async () => ({ kind: 'NoData' as const, message: 'none' }) });

/** Whom each SLA leaves the workload to, by name. */
async function rivals(slas: Record<string, Partial<LatencySLA['spec']>>): Promise<(string | undefined)[]> {
  const cluster = new EmbeddedApi(embeddedKinds);
  for (const [name, spec] of Object.entries(slas)) {
    await cluster.create(latencySlas, { ...anSla(spec), metadata: { name, namespace: 'default' }, status: undefined });
  }
  const sources = { targetOf: openTarget(cluster), ask: askOverHttp, readerOf };
  const found = Object.keys(slas).map((name) => gather(cluster, sources, { namespace: 'default', name }, nowMs));
  return (await Promise.all(found)).map((snapshot) => snapshot?.rival);
}

test("of two SLAs on one workload the older one changes it; one that recommends, or is suspended, is in nobody's way", async () => {
  assert.deepEqual(await rivals({ first: {}, second: {} }), [undefined, 'first']);
  assert.deepEqual(await rivals({ first: { suspend: true }, second: {} }), ['second', undefined]);
  assert.deepEqual(await rivals({ first: {}, second: { mode: 'Recommend' } }), [undefined, undefined]);
  const other = { workloadRef: { kind: 'Rollout' as const, name: 'web', env: 'RETUNE_MODEL' } };
  assert.deepEqual(await rivals({ first: {}, second: other }), [undefined, undefined]);
});

test('what a canary before has still to answer is production, and no part of the comparison', async () => {
  const cluster = new EmbeddedApi(embeddedKinds);
  const at = new Date(nowMs - 5000).toISOString();
  const rollout = {
    ...{ variant: 'small', modelUri: 'file:///s', digest: digestOf('small'), previousUri: 'file:///b' },
    ...{ step: 'Comparing' as const, started: at, stepSince: at },
  };
  const sla = anSla({}, { rollout });
  const created = await cluster.create(latencySlas, { ...sla, status: undefined });
  await cluster.replaceStatus(latencySlas, { ...created, status: sla.status });
  const { workload } = aSnapshot();
  if (workload.kind !== 'Found') throw new Error('the fixture has a workload');
  const pod = (name: string, change: Partial<TargetPod>): TargetPod => ({
    ...{ name, track: 'canary', address: '10.0.0.7', ready: true },
    ...change,
  });
  const pods = [pod('web', { track: 'stable' }), pod('new', {}), pod('old', { ready: false, ending: true })];
  const target = { ...openTarget(cluster)({ key: sla.metadata, reference: sla.spec.workloadRef }) };
  const asked: string[] = [];
  const sources = {
    targetOf: () => ({ ...target, observe: async () => ({ ...workload.target, pods }) }),
    ask: askOverHttp,
    readerOf: () => ({
      read: async (of: { name: string }[]) => {
        asked.push(of.map(({ name }) => name).join());
        return { kind: 'NoData' as const, message: 'none' };
      },
    }),
  };
  await gather(cluster, sources, { namespace: 'default', name: sla.metadata.name }, nowMs);
  assert.ok(asked.includes('web,new,old') && asked.includes('new'), asked.join(' | '));
  assert.ok(!asked.includes('new,old'));
});

test('the younger one says so and changes nothing', () => {
  const { status } = decide(aSnapshot({ rival: 'first', production: aReading(2000, 400) }), nowMs);
  const ready = status.conditions?.find(({ type }) => type === 'Ready');
  assert.deepEqual([ready?.status, ready?.reason, status.rollout], ['False', 'WorkloadTaken', undefined]);
});
