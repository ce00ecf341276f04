import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { compare, granted, type Role, used } from './permissions.ts';

const user = 'system:serviceaccount:retune-system:retune';
const home = 'retune-system';
/** Of operators on a real API server, kept by test/cluster/chart.test.ts: one line of each kind of request. */
const log = await readFile('test/rbac/audit-excerpt.jsonl', 'utf8');

const role = (rules: Role['rules'], namespace?: string): Role => ({ metadata: { name: 'r', namespace }, rules });
const rule = (group: string, resource: string, ...verbs: string[]) => ({
  ...{ apiGroups: [group], resources: [resource], verbs },
});

/** Roles that grant just what the excerpt uses. */
const fitting = (() => {
  const uses = used(log, user);
  const rules = (its: typeof uses) => its.map(({ group, resource, verb }) => rule(group, resource, verb));
  const [atHome, elsewhere] = [true, false].map((own) => uses.filter(({ namespace }) => (namespace === home) === own));
  const wide = rules(elsewhere ?? []);
  const covered = new Set(wide.map((one) => JSON.stringify(one)));
  return [
    role(wide),
    role(
      rules(atHome ?? []).filter((one) => !covered.has(JSON.stringify(one))),
      home,
    ),
  ];
})();

const judged = (roles: Role[], rare: { permission: string; because: string }[] = []) =>
  compare({ permissions: granted(roles), uses: used(log, user), rare, home });

test('an excerpt of a real audit log is read: subresources, scopes, and who asked', () => {
  const uses = used(log, user);
  const names = new Set(
    uses.map(({ group, resource, verb, namespace }) => `${group}/${resource} ${verb} ${namespace}`),
  );
  for (const name of [
    '/nodes watch undefined',
    'coordination.k8s.io/leases update retune-system',
    'retune.dev/nassearches/status update default',
    '/pods create default',
  ]) {
    assert.ok(names.has(name), `${name} in ${[...names].join(', ')}`);
  }
  assert.deepEqual(used(log, 'system:serviceaccount:retune-system:other'), []);
});

test('roles that grant what was used are neither too little nor too much', () => {
  assert.deepEqual(judged(fitting), []);
});

test('each permission that is taken away is missed', () => {
  for (const [i, one] of fitting.entries()) {
    for (const left of one.rules) {
      const rules = one.rules.filter((other) => JSON.stringify(other) !== JSON.stringify(left));
      const roles = fitting.with(i, { ...one, rules });
      assert.ok(
        judged(roles).some((sentence) => sentence.startsWith('too little')),
        JSON.stringify(left),
      );
    }
  }
});

test('what is granted and was never used is too much, unless it is excused', () => {
  const more = [...fitting, role([rule('retune.dev', 'trials', 'delete')])];
  assert.deepEqual(judged(more), [
    'too much: retune.dev/trials delete in the whole cluster is granted and was never used',
  ]);
  const excuse = { permission: 'retune.dev/trials delete', because: 'a test' };
  assert.deepEqual(judged(more, [excuse]), []);
  assert.deepEqual(judged(fitting, [excuse]), ['retune.dev/trials delete is excused and not even granted']);
});

test('what was used at home alone is not granted everywhere, and wildcards and secrets never', () => {
  const everywhere = [...fitting, role([rule('coordination.k8s.io', 'leases', 'update')])];
  assert.match(
    judged(everywhere).join(),
    /leases update is granted in the whole cluster and was used in retune-system/,
  );
  assert.match(judged([...fitting, role([rule('*', 'pods', 'get')])]).join(), /\*\/pods get is a wildcard/);
  assert.match(judged([...fitting, role([rule('', 'secrets', 'list')])]).join(), /too much: secrets list/);
});

const line = (verb: string, code: number, name = 'web') =>
  JSON.stringify({
    user: { username: user },
    verb,
    objectRef: { apiGroup: 'apps', resource: 'deployments', namespace: 'shop', name },
    responseStatus: { code },
  });

test('an apply that makes an object uses create as well, and one that was denied is missing', () => {
  const verbs = (text: string) => used(text, user).map(({ verb }) => verb);
  assert.deepEqual(verbs(`${line('patch', 201)}\n${line('patch', 200)}`), ['patch', 'create', 'patch']);
  const permissions = granted([role([rule('apps', 'deployments', 'patch')])]);
  const [sentence] = compare({ permissions, uses: used(line('patch', 403), user), rare: [], home });
  assert.equal(sentence, 'too little: apps/deployments patch in shop was used and is not granted');
});

test('names and namespaces narrow what is granted', () => {
  const uses = used(line('get', 200), user);
  const named = (name: string) => [{ ...rule('apps', 'deployments', 'get'), resourceNames: [name] }];
  const sentences = (roles: Role[]) => compare({ permissions: granted(roles), uses, rare: [], home }).length;
  assert.equal(sentences([role(named('web'), 'shop')]), 0);
  assert.equal(sentences([role(named('other'), 'shop')]), 2, 'one too little, one too much');
  assert.equal(sentences([role(named('web'), 'elsewhere')]), 2);
});
