import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiVersion } from '../../src/api/common.ts';
import type { HardwareProfile } from '../../src/api/hardware-profile.ts';
import { hardwareProfiles } from '../../src/api/resources.ts';
import { kubernetesCluster, loadConfig } from '../../src/runtime/cluster/kubernetes/kubernetes.ts';
import { runAsLeader } from '../../src/runtime/leader.ts';
import { clusterContract } from '../contract/cluster.ts';
import { type ApiServer, offeredCluster, startCluster, whyNot } from './cluster.ts';
import { garbageIsCollected } from './garbage.ts';
import { pageReviews } from './page-reviews.ts';

const quiet = { debug() {}, info() {}, warn() {}, error: console.error };
const offered = process.env.KUBECONFIG;
const reason = offered || process.env.RETUNE_TEST_REQUIRE_CLUSTER ? undefined : whyNot();
const notOurs = offered ? 'the API server of KUBECONFIG is not ours to kill' : false;
const namespace = `retune-contract-${process.pid}`;

describe('a real API server', { skip: reason }, () => {
  let real: ApiServer;
  const open = () => kubernetesCluster(loadConfig(real.kubeconfig), quiet, { resyncMs: 60_000, retryMs: 100 });

  before(async () => {
    real = offered ? offeredCluster(offered) : await startCluster();
    const applied = await real.kubectl(['apply', '-f', 'crds/']);
    assert.equal(applied.code, 0, applied.stderr);
    const established = ['wait', '--for=condition=Established', '-f', 'crds/', '--timeout=30s'];
    assert.equal((await real.kubectl(established)).code, 0);
    assert.equal((await real.kubectl(['create', 'namespace', namespace])).code, 0);
  });
  after(async () => {
    await real?.kubectl(['delete', 'namespace', namespace, '--wait=false']);
    await real?.stop();
  });

  clusterContract('kubernetes', async () => ({ cluster: open(), namespace }));
  pageReviews(() => ({ real, cluster: open(), namespace }));

  for (const file of globSync('test/refused/*.yaml').sort()) {
    test(`kubectl apply refuses ${file}`, async () => {
      const [, sentence = ''] = /^# refused: (.*)/.exec(await readFile(file, 'utf8')) ?? [];
      const { code, stderr } = await real.kubectl(['apply', '--dry-run=server', '-f', file]);
      assert.notEqual(code, 0);
      // The API server names enum and pattern violations in words of its own.
      const said = stderr.replaceAll(/\s+/g, ' ');
      assert.ok(
        said.includes(sentence) ||
          /Unsupported value|should match|Required value|should be greater|supported values/.test(said),
        stderr,
      );
      assert.ok(!/panic|internal error/i.test(stderr));
    });
  }

  test('kubectl shows what to do next', async () => {
    const { stdout } = await real.kubectl(['explain', 'latencysla.spec.objective']);
    assert.match(stdout, /threshold/);
    assert.equal((await real.kubectl(['get', 'nas,var,tr,hw,sla', '-A'])).code, 0);
  });

  const profile = (name: string): HardwareProfile => ({
    apiVersion,
    kind: 'HardwareProfile',
    metadata: { name },
    spec: { match: { a: 'b' } },
  });

  test('a watch outlives the API server and tells each change once', { skip: notOurs }, async (t) => {
    const cluster = open();
    await cluster.create(hardwareProfiles, profile('before'));
    const events: string[] = [];
    const watch = cluster.watch(
      hardwareProfiles,
      {},
      ({ type, object }) => void events.push(`${type} ${object.metadata.name}`),
    );
    t.after(() => watch.stop());
    await watch.synced;
    await real.restart?.();
    const again = open();
    await again.create(hardwareProfiles, profile('after'));
    await again.delete(hardwareProfiles, { name: 'before' });
    for (const deadline = Date.now() + 60_000; events.length < 3 && Date.now() < deadline; ) await sleep(100);
    await sleep(1000);
    // Changes to two objects come in any order when the watch had to list anew.
    assert.equal(events[0], 'Added before');
    assert.deepEqual(events.toSorted(), ['Added after', 'Added before', 'Deleted before']);
    await again.delete(hardwareProfiles, { name: 'after' });
  });

  test('a watch on which nothing happens is known to be alive', async (t) => {
    const watch = open().watch(hardwareProfiles, { labels: { nobody: 'has' } }, () => undefined);
    t.after(() => watch.stop());
    await watch.synced;
    // The client takes up a silent connection anew after 30 s; bookmarks come once a minute at best.
    await sleep(45_000);
    assert.ok(Date.now() - watch.lastActivity() < 35_000);
  });

  test('garbage is collected with the rights of the operator, and not with fewer', () =>
    garbageIsCollected(real, namespace));

  test('one of two leads, and the other takes over when it stops', async () => {
    const led: string[] = [];
    const lead = (identity: string, signal: AbortSignal) =>
      runAsLeader(
        {
          cluster: open(),
          lease: { namespace, name: 'retune' },
          identity,
          log: quiet,
          leaseMs: 3000,
          renewDeadlineMs: 2000,
          retryMs: 200,
        },
        async (lost) => {
          led.push(identity);
          await new Promise<void>((resolve) => lost.addEventListener('abort', () => resolve(), { once: true }));
        },
        signal,
      );
    const [first, second] = [new AbortController(), new AbortController()];
    const a = lead('a', first.signal);
    while (led.length === 0) await sleep(50);
    const b = lead('b', second.signal);
    await sleep(1500);
    assert.deepEqual(led, ['a']);
    first.abort();
    assert.equal(await a, 'Released');
    for (const deadline = Date.now() + 10_000; led.length < 2 && Date.now() < deadline; ) await sleep(50);
    assert.deepEqual(led, ['a', 'b']);
    second.abort();
    await b;
  });
});
