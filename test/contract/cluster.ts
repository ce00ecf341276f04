import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiVersion } from '../../src/api/common.ts';
import type { LatencySLA } from '../../src/api/latency-sla.ts';
import { latencySlas } from '../../src/api/resources.ts';
import { withDefaults } from '../../src/api/validate.ts';
import type { Cluster, WatchEvent } from '../../src/runtime/cluster/cluster.ts';
import { type Deployment, deployments, type Lease, leases, services } from '../../src/runtime/cluster/core-types.ts';
import { isApiError } from '../../src/runtime/cluster/errors.ts';

const retry = async (check: () => Promise<boolean>, what: string) => {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(50)) if (await check()) return;
  assert.fail(`not within 15 s: ${what}`);
};

const refused = (reason: Parameters<typeof isApiError>[1]) => (error: unknown) => {
  assert.ok(isApiError(error, reason), `${reason} expected, got ${String(error)}`);
  return true;
};

/** What every implementation of the cluster port must do. `namespace` is empty, exists, and is this run's own. */
export function clusterContract(name: string, open: () => Promise<{ cluster: Cluster; namespace: string }>): void {
  describe(`cluster contract: ${name}`, () => {
    let cluster: Cluster;
    let namespace: string;
    before(async () => {
      ({ cluster, namespace } = await open());
    });
    after(async () => {
      for (const sla of await cluster.list(latencySlas, { namespace })) {
        const { name: left } = sla.metadata;
        if (sla.metadata.finalizers?.length) {
          await cluster.replace(latencySlas, { ...sla, metadata: { ...sla.metadata, finalizers: [] } });
        }
        await cluster.delete(latencySlas, { namespace, name: left });
      }
    });

    const anSla = (slaName: string, threshold = '50ms'): LatencySLA =>
      ({
        apiVersion,
        kind: 'LatencySLA',
        metadata: { name: slaName, namespace, labels: { suite: 'contract' } },
        spec: {
          workloadRef: { name: 'web' },
          searchRef: { name: 'search' },
          objective: { threshold },
          source: { scrape: {} },
        },
      }) as unknown as LatencySLA;
    const withStatus = (sla: LatencySLA, verdict: 'Met' | 'Violated'): LatencySLA => ({ ...sla, status: { verdict } });

    test('a created object has an identity and its defaults, and its name is taken', async () => {
      const made = await cluster.create(latencySlas, withStatus(anSla('made'), 'Met'));
      assert.ok(made.metadata.uid && made.metadata.resourceVersion && made.metadata.creationTimestamp);
      assert.equal(made.metadata.generation, 1);
      assert.equal(made.spec.policy.cooldown, '60s');
      assert.equal(made.status, undefined, 'status is not set by create');
      assert.deepEqual(made.spec, withDefaults(anSla('made')).spec);
      await assert.rejects(cluster.create(latencySlas, anSla('made')), refused('AlreadyExists'));
      assert.equal((await cluster.get(latencySlas, { namespace, name: 'made' }))?.metadata.uid, made.metadata.uid);
      assert.equal(await cluster.get(latencySlas, { namespace, name: 'absent' }), undefined);
    });

    test('a mistake is refused with its sentence', async () => {
      await assert.rejects(cluster.create(latencySlas, anSla('wrong', '0ms')), (error: Error) => {
        assert.match(error.message, /spec\.objective\.threshold must be above zero, such as 25ms/);
        return refused('Invalid')(error);
      });
    });

    test('a stale write is a conflict, and the generation counts changes of the spec alone', async () => {
      const first = await cluster.create(latencySlas, anSla('stale'));
      const changed = { ...first, spec: { ...first.spec, suspend: true } };
      const second = await cluster.replace(latencySlas, changed);
      assert.equal(second.metadata.generation, 2);
      await assert.rejects(cluster.replace(latencySlas, changed), refused('Conflict'));
      await assert.rejects(cluster.replaceStatus(latencySlas, withStatus(first, 'Met')), refused('Conflict'));
    });

    test('who replaces a field owns it by the name that was given', async () => {
      const made = await cluster.create(latencySlas, anSla('signed'));
      await cluster.replace(
        latencySlas,
        { ...made, spec: { ...made.spec, suspend: true } },
        { fieldManager: 'writer' },
      );
      const { metadata, kind } = anSla('signed');
      const identity = { apiVersion, kind, metadata: { name: metadata.name, namespace } };
      const applied = { ...identity, spec: { suspend: false } };
      await assert.rejects(cluster.apply(latencySlas, applied, { fieldManager: 'another' }), (error: Error) => {
        assert.match(error.message, /"writer"/);
        return refused('Conflict')(error);
      });
    });

    test('status and spec are written apart', async () => {
      const made = await cluster.create(latencySlas, anSla('apart'));
      const judged = await cluster.replaceStatus(latencySlas, {
        ...withStatus(made, 'Violated'),
        spec: { ...made.spec, suspend: true },
      });
      assert.deepEqual(
        [judged.status?.verdict, judged.spec.suspend, judged.metadata.generation],
        ['Violated', false, 1],
      );
      const replaced = await cluster.replace(latencySlas, withStatus(judged, 'Met'));
      assert.equal(replaced.status?.verdict, 'Violated');
      const forced = await cluster.replaceStatus(latencySlas, withStatus(anSla('apart'), 'Met'));
      assert.equal(forced.status?.verdict, 'Met');
      const same = await cluster.replaceStatus(latencySlas, forced);
      assert.equal(same.metadata.resourceVersion, forced.metadata.resourceVersion, 'no change, no new version');
    });

    test('a status that breaks its schema is refused, and the one before stands', async () => {
      const made = await cluster.create(latencySlas, anSla('halves'));
      const measured = { samples: 0.5, ratePerSecond: 1, replicas: 1, at: '2026-01-01T00:00:00Z' };
      const half = { ...made, status: { verdict: 'Met' as const, measured } };
      await assert.rejects(cluster.replaceStatus(latencySlas, half), (error: Error) => {
        assert.match(error.message, /status\.measured\.samples/);
        return refused('Invalid')(error);
      });
      assert.equal((await cluster.get(latencySlas, { namespace, name: 'halves' }))?.status, undefined);
    });

    test('labels select', async () => {
      await cluster.create(latencySlas, {
        ...anSla('chosen'),
        metadata: { ...anSla('chosen').metadata, labels: { a: 'b' } },
      });
      const found = await cluster.list(latencySlas, { namespace, labels: { a: 'b' } });
      assert.deepEqual(
        found.map(({ metadata, kind }) => [metadata.name, kind]),
        [['chosen', 'LatencySLA']],
      );
    });

    const web = (image: string): Deployment => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'owned', namespace },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'owned' } },
        template: {
          metadata: { labels: { app: 'owned' } },
          spec: { containers: [{ name: 'server', image, env: [{ name: 'OTHER', value: 'kept' }] }] },
        },
      },
    });

    test('server-side apply owns the fields it names and no other', async () => {
      await cluster.apply(deployments, web('first'), { fieldManager: 'user' });
      const model = (value: string, manager: string, force = false) =>
        cluster.apply(
          deployments,
          {
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            metadata: { name: 'owned', namespace },
            spec: { template: { spec: { containers: [{ name: 'server', env: [{ name: 'MODEL', value }] }] } } },
          },
          { fieldManager: manager, force },
        );
      await model('a', 'retune-model');
      await assert.rejects(model('b', 'another'), refused('Conflict'));
      await model('c', 'another', true);
      // The user applies again what never had a model: the model stays, it is not theirs.
      const after = await cluster.apply(deployments, web('second'), { fieldManager: 'user' });
      const [container] = after.spec.template.spec.containers;
      assert.equal(container?.image, 'second');
      const env = Object.fromEntries(container?.env?.map((variable) => [variable.name, variable.value]) ?? []);
      assert.deepEqual(env, { OTHER: 'kept', MODEL: 'c' });
      assert.equal(after.spec.replicas, 0);
      await cluster.delete(deployments, { namespace, name: 'owned' });
    });

    test('an applied field that is no longer applied goes', async () => {
      const service = (annotations: Record<string, string>) => ({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'marked', namespace, annotations },
        spec: { selector: { app: 'x' }, ports: [{ port: 80 }] },
      });
      await cluster.apply(services, service({ one: '1', two: '2' }), { fieldManager: 'user' });
      const { metadata } = await cluster.apply(services, service({ one: '1' }), { fieldManager: 'user' });
      assert.deepEqual(metadata.annotations, { one: '1' });
      await cluster.delete(services, { namespace, name: 'marked' });
    });

    test('what is owned goes with its owner, in the background', async () => {
      const parent = await cluster.create(latencySlas, anSla('parent'));
      const ownerReferences = [
        { apiVersion, kind: 'LatencySLA', name: 'parent', uid: parent.metadata.uid ?? '', controller: true },
      ];
      await cluster.create(latencySlas, {
        ...anSla('child'),
        metadata: { ...anSla('child').metadata, ownerReferences },
      });
      await cluster.delete(latencySlas, { namespace, name: 'parent' });
      await retry(
        async () => !(await cluster.get(latencySlas, { namespace, name: 'child' })),
        'the child is collected',
      );
    });

    test('a finalizer holds an object until it is taken away', async () => {
      const held = anSla('held');
      await cluster.create(latencySlas, { ...held, metadata: { ...held.metadata, finalizers: ['retune.dev/hold'] } });
      await cluster.delete(latencySlas, { namespace, name: 'held' });
      const marked = await cluster.get(latencySlas, { namespace, name: 'held' });
      assert.ok(marked?.metadata.deletionTimestamp);
      await cluster.replace(latencySlas, { ...marked, metadata: { ...marked.metadata, finalizers: [] } });
      assert.equal(await cluster.get(latencySlas, { namespace, name: 'held' }), undefined);
    });

    test('deleting what is gone is success, and what is another is a conflict', async () => {
      await cluster.delete(latencySlas, { namespace, name: 'never-was' });
      await cluster.create(latencySlas, anSla('precious'));
      const other = '00000000-0000-4000-8000-000000000000';
      await assert.rejects(
        cluster.delete(latencySlas, { namespace, name: 'precious' }, { uid: other }),
        refused('Conflict'),
      );
    });

    test('a lease can be taken by one of two', async () => {
      const lease: Lease = {
        apiVersion: leases.apiVersion,
        kind: 'Lease',
        metadata: { name: 'leader', namespace },
        spec: { holderIdentity: 'a', leaseDurationSeconds: 15 },
      };
      const made = await cluster.create(leases, lease);
      const taken = await Promise.allSettled(
        ['b', 'c'].map((holderIdentity) =>
          cluster.replace(leases, { ...made, spec: { ...made.spec, holderIdentity } }),
        ),
      );
      assert.deepEqual(taken.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
      await cluster.delete(leases, { namespace, name: 'leader' });
    });

    test('a watch tells what is there, what changes and what goes, in order', async () => {
      await cluster.create(latencySlas, {
        ...anSla('seen'),
        metadata: { ...anSla('seen').metadata, labels: { w: '1' } },
      });
      const events: string[] = [];
      const handler = ({ type, object }: WatchEvent<LatencySLA>) =>
        void events.push(`${type} ${object.metadata.name} ${object.status?.verdict ?? ''}`.trim());
      const watch = cluster.watch(latencySlas, { namespace, labels: { w: '1' } }, handler);
      await watch.synced;
      assert.deepEqual(events, ['Added seen']);
      await cluster.replaceStatus(latencySlas, withStatus(anSla('seen'), 'Met'));
      await cluster.create(latencySlas, anSla('unselected'));
      await cluster.delete(latencySlas, { namespace, name: 'seen' });
      await retry(async () => events.length >= 3, `events: ${events}`);
      assert.deepEqual(events, ['Added seen', 'Modified seen Met', 'Deleted seen Met']);
      watch.stop();
      await cluster.create(latencySlas, {
        ...anSla('late'),
        metadata: { ...anSla('late').metadata, labels: { w: '1' } },
      });
      await sleep(200);
      assert.equal(events.length, 3, 'a stopped watch is silent');
      assert.ok(Date.now() - watch.lastActivity() < 60_000);
    });

    test('an event about an object never throws', async () => {
      const sla = await cluster.create(latencySlas, anSla('told'));
      await cluster.emit(sla, { type: 'Normal', reason: 'Met', message: 'the SLA is met' });
    });
  });
}
