import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../runtime/cluster/errors.ts';
import { failure, lacking, RefusedError, roleFor, UsageError } from './failures.ts';
import { find } from './find.ts';
import { connectionTo, emptyCluster, putSla, web, withSearch } from './fixtures.ts';

const where = { context: 'prod', server: 'https://prod:6443' };
const say = (error: unknown) => failure(error, where);

test('what is forbidden is named with the role to add, in a namespace and in the whole cluster', () => {
  const text = (resource: string, scope: string) =>
    `${resource} is forbidden: User "ann" cannot update resource "trials/status" in API group "retune.dev" ${scope}`;
  const inNamespace = text('trials.retune.dev "a"', 'in the namespace "team"');
  assert.deepEqual(lacking(inNamespace), {
    verb: 'update',
    resource: 'trials/status',
    group: 'retune.dev',
    namespace: 'team',
  });
  const told = say(new ApiError('Forbidden', inNamespace));
  assert.equal(told.code, 2);
  assert.match(told.message, /you may not update trials\/status of retune\.dev in namespace team/);
  assert.match(told.message, /--resource=trials\.retune\.dev\/status -n team/);
  const wide = say(new ApiError('Forbidden', text('trials', 'at the cluster scope')));
  assert.match(wide.message, /kubectl create clusterrole retune-update-trials --verb=update/);
  assert.match(say(new ApiError('Forbidden', 'a webhook says no')).message, /forbids it: a webhook says no/);
  assert.match(roleFor({ verb: 'list', resource: 'pods', group: '' }), /--resource=pods, and a clusterrolebinding/);
});

test('each failure is one sentence with what to do, and its code', () => {
  const cases: [unknown, 1 | 2, RegExp][] = [
    [
      new ApiError('Unavailable', "the API server can't be reached: Error: connect ECONNREFUSED"),
      2,
      /^no cluster answers at https:\/\/prod:6443 \(context "prod"\): connect ECONNREFUSED; .*--context/,
    ],
    [
      new ApiError('NotFound', 'the API server answered 404: 404 page not found'),
      2,
      /lacks a kind of Retune: .*retune doctor/,
    ],
    [new ApiError('Unknown', 'Unauthorized'), 2, /credentials of context "prod" are refused/],
    [new ApiError('Invalid', 'spec.x: is wrong'), 1, /^spec\.x: is wrong$/],
    [new RefusedError('no'), 1, /^no$/],
    [new UsageError('what?'), 2, /^what\?$/],
  ];
  for (const [error, code, message] of cases) {
    assert.equal(say(error).code, code);
    assert.match(say(error).message, message);
    assert.ok(!say(error).message.includes('\n'));
  }
});

test('an object is found by its name, with its kind where two have it, by any name of the kind', async () => {
  const { connection, cluster } = await withSearch();
  await putSla(cluster, { ...web(), metadata: { name: 'quick', namespace: 'default' } });
  const kinds = ['NASSearch', 'LatencySLA'] as const;
  await assert.rejects(
    find(connection, 'quick', kinds),
    /"quick" is NASSearch and LatencySLA: write nas\/quick or sla\/quick/,
  );
  for (const word of ['nas', 'nassearch', 'NASSearches', 'nassearches.retune.dev']) {
    assert.equal((await find(connection, `${word}/quick`, kinds)).kind, 'NASSearch');
  }
  await assert.rejects(
    find(connection, 'pod/quick', kinds),
    /names no NASSearch or LatencySLA: write nas\/NAME or sla\/NAME/,
  );
});

test('a name that is not there is answered with those that are, the likeliest first', async () => {
  const { connection } = await withSearch();
  await assert.rejects(
    find(connection, 'var/quick-nope', ['Variant', 'NASSearch']),
    /there is no Variant "quick-nope" in namespace default; there are quick-/,
  );
  await assert.rejects(find(connectionTo(emptyCluster()), 'x', ['NASSearch']), /there is none at all|there is none/);
});
