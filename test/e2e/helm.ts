/**
 * The chart on a real cluster, as a platform team would use it: one namespace that enforces Pod Security `restricted`
 * besides the operator's own, artifacts in a claim and then in a bucket, two replicas after an upgrade, `helm test`, and
 * nothing left at the end. There is no release before this one yet: test/chart/installed.ts upgrades from a made-up one.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { dump, loadAll, load as parse } from 'js-yaml';
import type { NASSearch } from '../../src/api/nas-search.ts';
import { trials, variants } from '../../src/api/resources.ts';
import type { VariantStatus } from '../../src/api/variant.ts';
import type { Cluster } from '../../src/runtime/cluster/cluster.ts';
import { deployments, leases, pods } from '../../src/runtime/cluster/core-types.ts';
import { findCondition } from '../../src/runtime/conditions.ts';
import { chart, helmOn, leftovers } from '../chart/release.ts';
import type { Output, TestCluster } from '../cluster/cluster.ts';
import { address } from '../cluster/control-plane.ts';
import { Servers } from '../stores/servers.ts';
import { apply, artifacts, until } from './operator.ts';

const release = 'retune';
const namespace = 'retune-helm';
const team = 'retune-team';
const claim = 'models';

const restricted = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
});

/** A volume that leads to the folder of this cluster's artifacts, and the claim of `where` on it. */
function store(where: string, path: string): object[] {
  const accessModes = ['ReadWriteMany'];
  const common = { accessModes, storageClassName: '' };
  const metadata = { name: `${claim}-${where}` };
  return [
    {
      ...{ apiVersion: 'v1', kind: 'PersistentVolume', metadata },
      spec: { ...common, capacity: { storage: '1Gi' }, hostPath: { path, type: 'Directory' } },
    },
    {
      ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: claim, namespace: where } },
      spec: { ...common, volumeName: metadata.name, resources: { requests: { storage: '1Gi' } } },
    },
  ];
}

const ok = ({ code, stdout, stderr }: Output): string => {
  assert.equal(code, 0, stderr);
  return stdout;
};

interface Open {
  real: TestCluster;
  cluster: Cluster;
  helm: string;
  figures: Record<string, unknown>;
}

/** Takes the place of the operator that `install` started. `accelerator` is one whose profile is ready. */
export function helmRelease(open: () => Open, accelerator: string): void {
  const helm = async (...args: string[]) => {
    const { real, helm: program } = open();
    return ok(await helmOn(program, real)([...args, '--namespace', namespace]));
  };
  /** The base variant of a search in the team's namespace, once it is made. */
  async function searched(cluster: Cluster, name: string): Promise<VariantStatus> {
    const search = parse(await readFile('manifests/samples/search.yaml', 'utf8')) as NASSearch;
    Object.assign(search.spec, { accelerators: [accelerator], budget: { maxVariants: 1 } });
    await apply(open().real, dump({ ...search, metadata: { name, namespace: team } }));
    const status = await until(
      async () => {
        const found = (await cluster.get(variants, { namespace: team, name: `${name}-base` }))?.status;
        return ['True', 'False'].includes(findCondition(found?.conditions, 'Ready')?.status ?? '') && found;
      },
      'the base model is made in a namespace that is restricted',
      90,
    );
    const ready = findCondition(status.conditions, 'Ready');
    assert.equal(ready?.status, 'True', ready?.message);
    return status;
  }
  const settings = ['--set', `store.type=Claim,store.claim.name=${claim},namespaces={${team}},operator.holdDown=5s`];

  test('helm installs it where Pod Security is restricted, and a search runs under a Role of its namespace', async () => {
    const { real, cluster, figures } = open();
    // Two operators of one cluster would both answer for its hardware. The CRDs stay, and helm takes them over.
    const objectsOfInstall = loadAll(await readFile('manifests/install.yaml', 'utf8')) as { kind: string }[];
    const withoutCrds = objectsOfInstall.filter(({ kind }) => kind !== 'CustomResourceDefinition');
    const before = withoutCrds.map((object) => dump(object)).join('---\n');
    ok(await real.kubectl(['delete', '--wait', '--timeout=60s', '-f', '-'], before));
    const objects = [namespace, team].flatMap((name) => [restricted(name), ...store(name, artifacts(real))]);
    await apply(real, objects.map((object) => dump(object)).join('---\n'));
    const started = performance.now();
    await helm('install', release, chart, ...settings, '--take-ownership', '--wait', '--timeout=90s');
    figures.helmInstallSeconds = (performance.now() - started) / 1000;

    await searched(cluster, 'restricted');
    ok(await real.kubectl(['delete', 'nassearch', 'restricted', '-n', team, '--wait']));
  });

  test('helm upgrades it to a store in S3, and workers on its nodes keep what they make there', async (t) => {
    const { real, cluster } = open();
    const servers = await Servers.open();
    t.after(() => servers.stop());
    const { endpoint, credentials } = await servers.s3(address);
    const secret = ['create', 'secret', 'generic', 'retune-store', `--from-file=credentials=${credentials}`];
    for (const where of [namespace, team]) ok(await real.kubectl([...secret, '-n', where]));
    const uri = `s3://models/e2e?endpoint=${endpoint}&region=us-east-1`;
    const inS3 = ['--set', `store.type=Uri,store.secretName=retune-store,namespaces={${team}},operator.holdDown=5s`];
    await helm('upgrade', release, chart, ...inS3, '--set-string', `store.uri=${uri}`, '--wait', '--timeout=90s');
    const { artifact } = await searched(cluster, 'bucket');
    assert.match(artifact?.uri ?? '', /^s3:\/\/models\/e2e\/sha256\//);
    const trial = await until(
      async () => {
        const [found] = await cluster.list(trials, { namespace: team, labels: { 'retune.dev/search': 'bucket' } });
        const end = findCondition(found?.status?.conditions, 'Succeeded');
        return end && end.status !== 'Unknown' && end;
      },
      'it is measured from there',
      120,
    );
    assert.equal(trial.status, 'True', trial.message);
    ok(await real.kubectl(['delete', 'nassearch', 'bucket', '-n', team, '--wait']));
  });

  test('helm upgrades it to two replicas of which one leads, and helm test passes', async () => {
    const { cluster } = open();
    await helm('upgrade', release, chart, ...settings, '--set', 'replicas=2', '--wait', '--timeout=90s');
    const deployment = await cluster.get(deployments, { namespace, name: release });
    assert.equal(deployment?.status?.readyReplicas, 2);
    const holder = await until(
      async () => (await cluster.get(leases, { namespace, name: 'retune' }))?.spec.holderIdentity,
      'one leads',
    );
    const names = (await cluster.list(pods, { namespace })).map(({ metadata }) => metadata.name);
    assert.ok(
      names.some((name) => holder.startsWith(name)),
      `${holder} among ${names.join(', ')}`,
    );
    assert.match(await helm('test', release, '--timeout=60s'), /Phase:\s+Succeeded/);
  });

  test('uninstalled, helm leaves the CRDs and what they hold, and nothing else', async () => {
    const { real, cluster } = open();
    await helm('uninstall', release, '--wait', '--timeout=90s');
    await until(async () => (await cluster.list(pods, { namespace })).length === 0, 'its pods are gone');
    const left = await leftovers(real, release);
    assert.deepEqual(
      [...new Set(left.map((name) => name.split('/')[0]))],
      ['customresourcedefinition.apiextensions.k8s.io'],
    );
    assert.equal(left.length, 5);
    assert.equal(ok(await real.kubectl(['get', 'all', '-n', namespace, '-o', 'name'])), '');
    assert.equal(await cluster.get(leases, { namespace, name: 'retune' }), undefined);
    for (const name of [namespace, team]) ok(await real.kubectl(['delete', 'namespace', name, '--timeout=60s']));
  });
}
