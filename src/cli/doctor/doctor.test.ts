import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadAll } from 'js-yaml';
import { latencySlas } from '../../api/resources.ts';
import { condition } from '../../controllers/search/fixtures.ts';
import type { ApiObject, Cluster } from '../../runtime/cluster/cluster.ts';
import { leases, nodes } from '../../runtime/cluster/core-types.ts';
import { ApiError } from '../../runtime/cluster/errors.ts';
import { connectionTo, nowMs, put, web } from '../cluster/fixtures.ts';
import { coloured, plain } from '../show/style.ts';
import { columnsOf } from '../show/text.ts';
import { doctor } from './doctor.ts';
import type { Finding } from './finding.ts';
import { aCluster, definitionFiles, operator, type Parts } from './fixtures.ts';
import { missingFields } from './installation.ts';
import { claims, definitions } from './kinds.ts';
import { operatorNeeds } from './needs.ts';

async function findingsIn(cluster: Cluster, version = 'v1.35.4') {
  const shown = await doctor(connectionTo(cluster, { version: async () => version }));
  const { findings } = shown.data as { findings: Finding[] };
  const of = (check: string, level?: Finding['level']) =>
    findings.filter((one) => one.check === check && (level === undefined || one.level === level));
  return { shown, findings, of };
}
const examined = async (parts: Parts = {}, version?: string) => findingsIn(await aCluster(parts), version);

test('a cluster in good order is all ok, and every line fits a terminal', async () => {
  const { shown, findings } = await examined();
  assert.deepEqual(
    findings.filter(({ level }) => level !== 'ok'),
    [],
  );
  assert.equal(shown.code, 0);
  const checks = new Set(findings.map(({ check }) => check));
  for (const check of [
    'API server',
    'CRD nassearches',
    'operator',
    "operator's permissions",
    'hardware',
    'SLA',
    'pod security',
  ]) {
    assert.ok(checks.has(check), check);
  }
  for (const style of [plain(80), coloured(80)]) {
    for (const line of shown.lines(style)) assert.ok(columnsOf(line) <= 80, line);
  }
});

test('an API server without validation rules is too old', async () => {
  const { of, shown } = await examined({}, 'v1.24.17');
  assert.equal(of('API server', 'fail').length, 1);
  assert.equal(shown.code, 1);
  assert.equal((await examined({}, 'v2.0.0')).of('API server', 'ok').length, 1);
});

test('kinds that are not there, of another version or of another release are told apart', async () => {
  const none = await examined({ crds: [] });
  assert.equal(none.findings.filter(({ check, level }) => check.startsWith('CRD') && level === 'fail').length, 5);
  assert.match(none.of('CRD trials')[0]?.remedy ?? '', /kubectl apply .* crds/);
  assert.equal(none.of('SLA').length, 0, 'nothing is looked for that can not be there');
  const [first, ...others] = definitionFiles;
  assert.ok(first);
  const renamed = structuredClone(first);
  for (const version of renamed.spec.versions) version.name = 'v1';
  const other = await examined({ crds: [renamed, ...others] });
  assert.match(
    other.findings.find(({ level }) => level === 'fail')?.message ?? '',
    /does not serve v1alpha1, it has v1/,
  );
  const older = structuredClone(definitionFiles).map((crd) => {
    const spec = crd.spec.versions[0]?.schema?.openAPIV3Schema?.properties?.spec;
    if (crd.metadata.name.startsWith('nassearches')) delete spec?.properties?.figures;
    return crd;
  });
  const [finding] = (await examined({ crds: older })).of('CRD nassearches', 'warn');
  assert.match(finding?.message ?? '', /lacks spec\.figures$/);
});

test('fields are missing by their paths, those of items too', () => {
  const ours = { properties: { a: { items: { properties: { b: {}, c: {} } } }, d: {} } };
  assert.deepEqual(missingFields(ours, { properties: { a: { items: { properties: { b: {} } } } } }), ['a[].c', 'd']);
  assert.deepEqual(missingFields(ours, ours), []);
});

test('a definition that may not be read is looked for by its objects', async () => {
  const cluster = await aCluster();
  const get = cluster.get.bind(cluster);
  cluster.get = async (type, key) => {
    if (type.plural === definitions.plural) throw new ApiError('Forbidden', 'customresourcedefinitions is forbidden');
    return get(type, key);
  };
  assert.match((await findingsIn(cluster)).of('CRD trials', 'warn')[0]?.message ?? '', /is served; you may not read/);
});

test('an operator that is not there, not ready, twice there or without a leader is found', async () => {
  assert.equal((await examined({ operators: [] })).of('operator', 'fail').length, 1);
  const conditions = [{ type: 'Available', status: 'False' as const, message: 'minimum availability' }];
  const down = await examined({ operators: [operator({ readyReplicas: 0, conditions })] });
  assert.match(down.of('operator', 'fail')[0]?.message ?? '', /is not ready: minimum availability/);
  const second = operator();
  const twice = await examined({
    operators: [operator(), { ...second, metadata: { ...second.metadata, namespace: 'team' } }],
  });
  assert.match(
    twice.of('operator', 'warn')[0]?.message ?? '',
    /there are 2 operators: .*retune-system\/retune, .*team\/retune/,
  );
  const renewed = async (secondsAgo: number) => {
    const cluster = await aCluster();
    const renewTime = new Date(nowMs - 1000 * secondsAgo).toISOString();
    const metadata = { name: 'retune', namespace: 'retune-system' };
    await cluster.create(leases, {
      ...{ apiVersion: leases.apiVersion, kind: leases.kind, metadata },
      spec: { holderIdentity: 'retune-1', leaseDurationSeconds: 15, renewTime },
    });
    return (await findingsIn(cluster)).of('leader')[0];
  };
  assert.equal((await renewed(3))?.level, 'ok');
  assert.match((await renewed(300))?.message ?? '', /nobody leads: .* 300 s ago/);
  assert.match((await renewed(-900))?.message ?? '', /clocks differ/);
});

test('what one may not do is named by verb and resource, with the role to add', async () => {
  const { of, shown } = await examined({
    rule: ({ verb, resource, subresource }, user) =>
      user !== undefined || (verb !== 'update' && resource !== 'trials') || subresource === 'x',
  });
  const [reading] = of('your permissions', 'fail');
  assert.match(reading?.message ?? '', /you may not read .*: you lack get trials; list trials/);
  assert.match(
    reading?.remedy ?? '',
    /kubectl create role retune-get-trials --verb=get --resource=trials\.retune\.dev -n default/,
  );
  assert.ok(of('your permissions', 'warn').some(({ message }) => /retry.*update nassearches\/status/.test(message)));
  assert.equal(shown.code, 1);
});

test("what the operator's service account may not do is named", async () => {
  const account = 'system:serviceaccount:retune-system:retune';
  const { of } = await examined({
    rule: ({ verb, resource }, user) => !(user === account && resource === 'pods' && verb === 'create'),
  });
  assert.match(
    of("operator's permissions", 'fail')[0]?.message ?? '',
    /retune-system\/retune may not create pods in namespace default/,
  );
  const { of: hidden } = await findingsIn(await withoutReviews());
  assert.match(
    hidden("operator's permissions", 'warn')[0]?.message ?? '',
    /can't be told: you may not create subjectaccessreviews/,
  );
});

async function withoutReviews(): Promise<Cluster> {
  const cluster = await aCluster();
  const create = cluster.create.bind(cluster);
  cluster.create = async (type, object) => {
    if (type.plural !== 'subjectaccessreviews') return create(type, object);
    throw new ApiError(
      'Forbidden',
      'subjectaccessreviews.authorization.k8s.io is forbidden: User "ann" cannot create resource "subjectaccessreviews" in API group "authorization.k8s.io" at the cluster scope',
    );
  };
  return cluster;
}

test('the doctor asks for nothing that the role of the operator does not grant', () => {
  interface Role extends ApiObject {
    rules?: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
  }
  const files = readdirSync('manifests').filter((file) => file.endsWith('.yaml'));
  const objects = files.flatMap((file) => loadAll(readFileSync(`manifests/${file}`, 'utf8')) as Role[]);
  const rules = objects.filter((one) => one?.kind === 'ClusterRole').flatMap((one) => one.rules ?? []);
  for (const { group, resource, verbs } of operatorNeeds) {
    for (const verb of verbs) {
      const granted = rules.some(
        (rule) => rule.apiGroups.includes(group) && rule.resources.includes(resource) && rule.verbs.includes(verb),
      );
      assert.ok(granted, `${verb} ${resource} of "${group}"`);
    }
  }
});

test('hardware that is not there or not probed is found, and nodes whose type no label tells', async () => {
  const cluster = await aCluster({ profiles: [] });
  await put(cluster, nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'plain' }, status: {} });
  const { of } = await findingsIn(cluster);
  assert.match(of('hardware', 'warn')[0]?.message ?? '', /no label says what plain is/);
  assert.match(of('hardware', 'fail')[0]?.remedy ?? '', /kubectl label node NAME retune\.dev\/accelerator-type=/);
});

test('an SLA that can not be judged or whose source is silent is found', async () => {
  const judged = async (...conditions: ReturnType<typeof condition>[]) => {
    const cluster = await aCluster();
    await cluster.delete(latencySlas, { namespace: 'default', name: 'web' });
    await put(cluster, latencySlas, web({ observedGeneration: 1, conditions }));
    return (await findingsIn(cluster)).of('SLA')[0];
  };
  const ready = condition('Ready', 'True', 'Holding');
  assert.match(
    (await judged(ready, condition('MetricsAvailable', 'False', 'Unreachable')))?.message ?? '',
    /latency can't be read: Unreachable/,
  );
  assert.equal((await judged(ready, condition('MetricsAvailable', 'True', 'NoSeries')))?.level, 'warn');
  const gone = await judged(condition('Ready', 'False', 'WorkloadNotFound'));
  assert.deepEqual([gone?.level, gone?.remedy], ['fail', 'retune -n default explain sla/web']);
});

test('a namespace whose pod security forbids the store, and a claim that is not there, are found', async () => {
  const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  const hostPath = operator({}, { RETUNE_STORE_HOST_PATH: '/var/lib/retune' });
  const refused = await examined({ namespaceLabels: restricted, operators: [hostPath] });
  assert.match(refused.of('pod security', 'fail')[0]?.message ?? '', /"restricted", which forbids the hostPath/);
  const claim = operator({}, { RETUNE_STORE_HOST_PATH: '/var/lib/retune', RETUNE_STORE_CLAIM: 'artifacts' });
  const without = await aCluster({ namespaceLabels: restricted, operators: [claim] });
  const first = await findingsIn(without);
  assert.equal(first.of('pod security', 'ok').length, 1);
  assert.match(
    first.of('artifact store', 'fail')[0]?.message ?? '',
    /default has no PersistentVolumeClaim "artifacts"/,
  );
  const metadata = { name: 'artifacts', namespace: 'default' };
  await put(without, claims, { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, status: { phase: 'Bound' } });
  assert.equal((await findingsIn(without)).of('artifact store', 'ok').length, 1);
});

test('a metrics server is not missed much', async () => {
  const { of, shown } = await examined({ metrics: false });
  assert.equal(of('metrics server', 'warn').length, 1);
  assert.equal(shown.code, 0);
});
