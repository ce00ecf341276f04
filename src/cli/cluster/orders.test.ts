import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LatencySLA, LatencySLAStatus } from '../../api/latency-sla.ts';
import { latencySlas, nasSearches } from '../../api/resources.ts';
import { orderOf } from '../../core/sla/orders.ts';
import { isApiError } from '../../runtime/cluster/errors.ts';
import { plain } from '../show/style.ts';
import { RefusedError, UsageError } from './failures.ts';
import { nowMs, putSla, quick, web, withSearch } from './fixtures.ts';
import { promote, rollback } from './orders.ts';
import { suspend } from './suspend.ts';

const at = new Date(nowMs).toISOString();

async function serving(status: LatencySLAStatus = { accelerator: 'fast', activeVariant: 'quick-base' }) {
  const snapshot = quick();
  const opened = await withSearch(snapshot);
  await putSla(opened.cluster, web(status));
  const sla = async () => (await opened.cluster.get(latencySlas, { namespace: 'default', name: 'web' })) as LatencySLA;
  const recommended = snapshot.search.status?.accelerators?.[0]?.recommended ?? '';
  assert.notEqual(recommended, '');
  return { ...opened, sla, recommended };
}

test('a promotion is an annotation that the operator reads, and names what the search recommends when nobody says', async () => {
  const { connection, sla, recommended } = await serving();
  const shown = await promote(connection, 'web');
  assert.deepEqual(orderOf((await sla()).metadata), { kind: 'Promote', variant: recommended, at });
  assert.match(shown.lines(plain()).join(), new RegExp(`asked to promote ${recommended}`));
});

test('the canary that runs comes before what is recommended', async () => {
  const { connection, sla, variants } = await serving();
  const other = variants.at(-1)?.metadata.name ?? '';
  const digest = `sha256:${'0'.repeat(64)}`;
  const present = await sla();
  const rollout = {
    ...{ variant: other, modelUri: 'file:///a', digest, previousUri: 'file:///b' },
    ...{ step: 'Comparing' as const, started: at, stepSince: at },
  };
  await connection.cluster.replaceStatus(latencySlas, { ...present, status: { ...present.status, rollout } });
  assert.equal(((await promote(connection, 'web')).data as { variant: string }).variant, other);
  assert.match((await rollback(connection, 'web')).lines(plain()).join(), new RegExp(`end the rollout of ${other}`));
  assert.deepEqual(orderOf((await sla()).metadata), { kind: 'Rollback', at });
});

test('what serves already, what is not there and what is of another search is refused', async () => {
  const { connection, cluster } = await serving();
  await assert.rejects(promote(connection, 'web', 'quick-base'), RefusedError);
  await assert.rejects(promote(connection, 'web', 'quick-none'), UsageError);
  await putSla(cluster, {
    ...web(),
    metadata: { name: 'other', namespace: 'default' },
    spec: web({}, { searchRef: { name: 'elsewhere' } }).spec,
  });
  await assert.rejects(
    promote(connection, 'other', 'quick-base'),
    /is of NASSearch "quick", and LatencySLA "other" names/,
  );
});

test('a variant that was rolled back here can be ordered, with a warning', async () => {
  const digest = `sha256:${'0'.repeat(64)}`;
  const { connection } = await serving({ accelerator: 'fast', activeVariant: 'quick-base', refused: [digest] });
  assert.match((await promote(connection, 'web')).warnings?.join() ?? '', /was rolled back here before/);
});

test('there must be something to roll back', async () => {
  const { connection } = await serving();
  await assert.rejects(rollback(connection, 'web'), /nothing to roll back/);
  const history = [{ at, event: 'Promoted' as const, reason: 'Pass', message: 'quick-1: better' }];
  const promoted = await serving({ history });
  await rollback(promoted.connection, 'web');
  assert.deepEqual(orderOf((await promoted.sla()).metadata), { kind: 'Rollback', at });
});

test('pause and resume set spec.suspend and no other field', async () => {
  const { connection, cluster, sla } = await serving();
  const before = await sla();
  assert.match((await suspend(connection, 'web', true)).lines(plain()).join(), /neither judged nor changed/);
  assert.deepEqual((await sla()).spec, { ...before.spec, suspend: true });
  assert.deepEqual((await sla()).status, before.status);
  assert.match((await suspend(connection, 'web', true)).lines(plain()).join(), /paused already/);
  await suspend(connection, 'web', false);
  assert.equal((await sla()).spec.suspend, false);
  await suspend(connection, 'nas/quick', true);
  assert.equal((await cluster.get(nasSearches, { namespace: 'default', name: 'quick' }))?.spec.suspend, true);
});

test('a change is made although another writer came first', async () => {
  const { connection, cluster, sla } = await serving();
  const replace = cluster.replace.bind(cluster);
  let interfered = false;
  cluster.replace = async (type, object) => {
    if (!interfered) {
      interfered = true;
      await cluster.replaceStatus(latencySlas, { ...(await sla()), status: { verdict: 'Met' } });
    }
    return replace(type, object).catch((error: unknown) => {
      assert.ok(isApiError(error, 'Conflict'));
      throw error;
    });
  };
  await suspend(connection, 'web', true);
  assert.equal((await sla()).spec.suspend, true);
  assert.equal((await sla()).status?.verdict, 'Met');
});
