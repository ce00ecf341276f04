import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, test } from 'node:test';
import { dump, load as parse } from 'js-yaml';
import type { LatencySLA } from '../../src/api/latency-sla.ts';
import type { NASSearch, NASSearchSpec } from '../../src/api/nas-search.ts';
import { latencySlas, nasSearches, variants } from '../../src/api/resources.ts';
import type { Cluster } from '../../src/runtime/cluster/cluster.ts';
import { pods } from '../../src/runtime/cluster/core-types.ts';
import { findCondition } from '../../src/runtime/conditions.ts';
import type { TestCluster } from '../cluster/cluster.ts';
import { apply, until } from './operator.ts';

const namespace = 'default';
type Change = { [K in keyof NASSearchSpec]?: object | string };

/** Mistakes and mishaps as users meet them on a cluster: each ends in a condition whose sentence says what to do. */
export function badInput(open: () => { real: TestCluster; cluster: Cluster }): void {
  async function applySearch(name: string, change: Change): Promise<void> {
    const sample = parse(await readFile('manifests/samples/search.yaml', 'utf8')) as NASSearch;
    const spec = { ...sample.spec, budget: { maxVariants: 1 }, accelerators: ['avx'], ...change };
    await apply(open().real, dump({ ...sample, metadata: { name }, spec }));
  }

  /** The condition of a search once its reason is no longer one of waiting and working. */
  const ending = (name: string) =>
    until(
      async () => {
        const search = await open().cluster.get(nasSearches, { namespace, name });
        const found = findCondition(search?.status?.conditions, 'Succeeded');
        return found && !['Searching', 'NoHardware'].includes(found.reason) && found;
      },
      `search ${name} says what is wrong`,
      180,
    );

  async function applySla(name: string, change: Partial<Record<keyof LatencySLA['spec'], object>>): Promise<void> {
    const sample = parse(await readFile('manifests/samples/sla.yaml', 'utf8')) as LatencySLA;
    await apply(open().real, dump({ ...sample, metadata: { name }, spec: { ...sample.spec, ...change } }));
  }

  const slaCondition = (name: string, type: string) =>
    until(async () => {
      const sla = await open().cluster.get(latencySlas, { namespace, name });
      return findCondition(sla?.status?.conditions, type);
    }, `SLA ${name} has a condition ${type}`);

  describe('bad input on a cluster', () => {
    // Watching it once a second would share the processors with the one measurement below.
    before(async () => {
      const { code, stderr } = await open().real.kubectl(['delete', '--ignore-not-found', 'sla/digits']);
      assert.equal(code, 0, stderr);
    });

    const cases: { what: string; change: Change; reason: RegExp; sentence: RegExp }[] = [
      {
        what: 'no node has the accelerator',
        change: { accelerators: ['tpu-v9'] },
        reason: /AcceleratorNotFound/,
        sentence: /no node has accelerator "tpu-v9"; the cluster has avx, sse/,
      },
      {
        what: 'the image of the workers is missing',
        change: { worker: { image: 'localhost/absent:1' } },
        reason: /BaseFailed/,
        sentence: /ImageMissing.*set spec\.worker\.image of the search/s,
      },
      {
        what: 'a worker runs out of memory',
        change: { worker: { memory: '40Mi' } },
        reason: /BaseFailed/,
        sentence: /OutOfMemory.*raise spec\.worker\.memory of the search/s,
      },
      {
        what: 'a worker takes longer than it may',
        change: { worker: { deadline: '1s' } },
        // The kubelet looks at deadlines every few seconds: deriving may be over by then, measuring is not.
        reason: /BaseFailed|NothingMeasured/,
        sentence: /DeadlineExceeded.*raise spec\.worker\.deadline of the search/s,
      },
      {
        what: 'the model file is not there',
        change: { model: { uri: 'file:///app/examples/quickstart/absent.onnx' } },
        reason: /BaseFailed/,
        sentence: /ModelMissing.*absent\.onnx can't be read: there is no such file/s,
      },
    ];
    for (const [i, { what, change, reason, sentence }] of cases.entries()) {
      test(what, async () => {
        await applySearch(`bad-${i}`, change);
        const condition = await ending(`bad-${i}`);
        assert.match(condition.reason, reason, condition.message);
        assert.match(condition.message, sentence);
        await open().cluster.delete(nasSearches, { namespace, name: `bad-${i}` });
      });
    }

    test('no variant can meet the threshold, and a pod that is evicted meanwhile is made again', async () => {
      const { real, cluster } = open();
      await applySearch('hopeless', { workload: { batchSize: 20 }, latency: { threshold: '10us' } });
      const pod = await until(
        async () => (await cluster.get(pods, { namespace, name: 'hopeless-base-0' }))?.status?.phase === 'Running',
        'the base model is being made',
      );
      assert.ok(pod);
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'hopeless-base-0', namespace } };
      const path = `/api/v1/namespaces/${namespace}/pods/hopeless-base-0/eviction`;
      const { code, stderr } = await real.kubectl(['create', '--raw', path, '-f', '-'], JSON.stringify(eviction));
      assert.equal(code, 0, stderr);
      const condition = await ending('hopeless');
      assert.equal(condition.reason, 'Completed', condition.message);
      const search = await cluster.get(nasSearches, { namespace, name: 'hopeless' });
      const [avx] = search?.status?.accelerators ?? [];
      assert.equal(avx?.recommended, undefined);
      assert.match(avx?.message ?? '', /no variant .* meets 0\.01 ms: the fastest takes \d/);
      const base = await cluster.get(variants, { namespace, name: 'hopeless-base' });
      assert.equal(findCondition(base?.status?.conditions, 'Ready')?.status, 'True');
      await cluster.delete(nasSearches, { namespace, name: 'hopeless' });
    });

    test('an SLA names a workload or a search that is not there', async () => {
      await applySla('no-workload', { workloadRef: { name: 'absent' } });
      await applySla('no-search', { searchRef: { name: 'absent' } });
      const [workload, search] = [
        await slaCondition('no-workload', 'Ready'),
        await slaCondition('no-search', 'Ready'),
      ] as const;
      assert.equal(workload.reason, 'WorkloadNotFound');
      assert.match(workload.message, /no Deployment "absent".*correct spec\.workloadRef\.name/);
      assert.equal(search.reason, 'SearchNotFound');
      assert.match(search.message, /no NASSearch "absent".*correct spec\.searchRef\.name/);
    });

    test('Prometheus is down', async () => {
      await applySla('no-metrics', { source: { prometheus: { url: 'http://172.30.0.1:9' } } });
      const metrics = await slaCondition('no-metrics', 'MetricsAvailable');
      assert.deepEqual([metrics.status, metrics.reason], ['False', 'Unreachable']);
      assert.match(metrics.message, /did not answer.*no action is taken until it does/);
    });
  });
}
