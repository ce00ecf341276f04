/**
 * The chart on a real API server without nodes: what helm installs, what a release before it is upgraded to, what an
 * operator under its account may do, and what is left when it is uninstalled.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { load as parse } from 'js-yaml';
import { type Deployment, deployments } from '../../src/runtime/cluster/core-types.ts';
import { kubernetesCluster, loadConfig } from '../../src/runtime/cluster/kubernetes/kubernetes.ts';
import type { ApiServer, Output, TestCluster } from '../cluster/cluster.ts';
import { auditLog } from '../cluster/control-plane.ts';
import { moduleFolder } from '../cluster/modules.ts';
import { until } from '../e2e/operator.ts';
import { compare, granted, type Use, used } from '../rbac/permissions.ts';
import { rolesOf } from '../rbac/roles.ts';
import { chart, helmOn, leftovers, olderChart } from './release.ts';

const release = 'retune';
const namespace = 'retune-system';
const team = 'shop';
const monitoring = 'github.com/prometheus-operator/prometheus-operator@v0.85.0';
const port = 19_091;

const ok = ({ code, stdout, stderr }: Output): string => {
  assert.equal(code, 0, stderr);
  return stdout;
};

/** A kubeconfig of the operator's own account. */
async function accountConfig({ kubeconfig, kubectl, folder }: TestCluster): Promise<string> {
  const token = ok(await kubectl(['create', 'token', release, '-n', namespace])).trim();
  const admin = parse(await readFile(kubeconfig, 'utf8')) as { users: object[]; contexts: { context: object }[] };
  const path = join(await mkdtemp(join(folder, 'account-')), 'config');
  const [first] = admin.contexts;
  const contexts = [{ ...first, context: { ...first?.context, user: 'operator' } }];
  await writeFile(path, JSON.stringify({ ...admin, contexts, users: [{ name: 'operator', user: { token } }] }));
  return path;
}

/** Runs the operator on this machine as the account that the chart made, with the arguments of its Deployment. */
async function startOperator(real: TestCluster, name: string): Promise<void> {
  const { stdout } = await real.kubectl(['get', 'deployment', release, '-n', namespace, '-o', 'json']);
  const { spec } = JSON.parse(stdout) as { spec: { template: { spec: { containers: { args: string[] }[] } } } };
  const args = (spec.template.spec.containers[0]?.args ?? []).filter((arg) => !arg.startsWith('--hold-down'));
  real.processes.start(
    name,
    process.execPath,
    [
      '--no-warnings',
      'src/cli/main.ts',
      ...args,
      '--hold-down=0s',
      `--port=${port}`,
      '--kubeconfig',
      await accountConfig(real),
    ],
    { RETUNE_NAMESPACE: namespace },
  );
  await real.processes.until(name, async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok && metrics.includes('retune_leader 1');
  });
}

const type = 'made-up';
const node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: type, labels: { 'retune.dev/accelerator-type': type } },
};

/** Where no kubelet says how its node is, or runs pods, the test says in its place that `node` is ready and was probed. */
async function standInForKubelet({ kubectl }: TestCluster): Promise<void> {
  const patch = async (resource: string, status: object) =>
    ok(
      await kubectl([
        'patch',
        resource,
        type,
        '--subresource=status',
        '--type=merge',
        '-p',
        JSON.stringify({ status }),
      ]),
    );
  const at = new Date().toISOString();
  const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: '', lastHeartbeatTime: at };
  await patch('node', { allocatable: { cpu: '4' }, conditions: [{ ...ready, lastTransitionTime: at }] });
  const conditions = await until(async () => {
    const profile = await kubectl(['get', 'hardwareprofile', type, '-o', 'jsonpath={.status.conditions}']);
    const found = JSON.parse(profile.stdout || '[]') as { type: string; status: string }[];
    return found.some((one) => one.type === 'Ready' && one.status === 'True') && found;
  }, 'the node has a profile that is ready');
  const others = conditions.filter((one) => one.type !== 'Probed');
  const probed = { type: 'Probed', status: 'True', reason: 'Measured', message: 'by the test', lastTransitionTime: at };
  const probe = { count: 1, image: 'retune:latest', finished: at };
  await patch('hardwareprofile', { conditions: [...others, probed], probe });
}

const loggedBytes = async ({ folder }: TestCluster) => (await stat(auditLog(folder))).size;

/** What the operator's account asked of the API server after the log's first `since` bytes. */
async function usesSince(real: TestCluster, since: number): Promise<Use[]> {
  const log = (await readFile(auditLog(real.folder))).subarray(since).toString();
  return used(log, `system:serviceaccount:${namespace}:${release}`);
}

/**
 * Gives the operator something to do, waits until it has made a pod for it, and says what its account lacked by what the
 * API server logged after its first `since` bytes.
 */
async function whatItLacks(real: TestCluster, where: string, since: number): Promise<string[]> {
  await standInForKubelet(real);
  ok(await real.kubectl(['apply', '-n', where, '-f', 'manifests/samples/search.yaml']));
  await until(
    async () => (await real.kubectl(['get', 'pod', 'quickstart-base-0', '-n', where])).code === 0,
    'the operator has made a pod for the base model',
  );
  const uses = await usesSince(real, since);
  assert.ok(uses.length > 0);
  const permissions = granted(await rolesOf(real.kubectl, namespace, release));
  // What it does not do without nodes is no matter here: test/e2e/rbac.ts looks at the whole loop.
  return compare({ permissions, uses, rare: [], home: namespace }).filter((said) => said.startsWith('too little'));
}

const crdVersions = async ({ kubectl }: ApiServer): Promise<string[]> => {
  const columns = '{.spec.versions[0].additionalPrinterColumns[*].name}';
  return ok(await kubectl(['get', 'crd', 'trials.retune.dev', '-o', `jsonpath=${columns}`])).split(' ');
};

export function installed(open: () => { real: TestCluster; helm: string }): void {
  const run = async (...args: string[]) => {
    const { real, helm } = open();
    return ok(await helmOn(helm, real)([...args, '--namespace', namespace]));
  };

  test('an API server takes every object of the chart, with all that is switched on', async () => {
    const { real, helm } = open();
    const kinds = ['servicemonitors', 'podmonitors', 'prometheusrules'];
    const folder = join(await moduleFolder(monitoring), 'example/prometheus-operator-crd');
    for (const kind of kinds) {
      ok(await real.kubectl(['apply', '--server-side', '-f', join(folder, `monitoring.coreos.com_${kind}.yaml`)]));
    }
    ok(await real.kubectl(['create', 'namespace', namespace]));
    ok(await real.kubectl(['create', 'namespace', team]));
    await until(
      async () => (await real.kubectl(['get', 'prometheusrules'])).code === 0,
      'the kinds of the Prometheus operator are served',
    );
    // The test pod needs an account that is there; `helm test` runs it in test/e2e/helm.ts.
    const everything = ['--namespace', namespace, '--skip-tests', '--values', 'test/chart/everything.yaml'];
    const text = ok(await helmOn(helm, real)(['template', release, chart, ...everything]));
    // Strict: a field that Kubernetes does not know is an error, too.
    ok(await real.kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], text));
  });

  test('the operator works under the account of the chart in the whole cluster, from a release before this one', async () => {
    const { real } = open();
    const older = await olderChart();
    try {
      await run('install', release, older);
    } finally {
      await rm(older, { recursive: true });
    }
    const before = await crdVersions(real);
    ok(await real.kubectl(['apply', '-f', '-'], JSON.stringify(node)));
    const since = await loggedBytes(real);
    await startOperator(real, 'operator-wide');
    assert.deepEqual(await whatItLacks(real, 'default', since), []);
    await real.processes.stop('operator-wide');
    await run('upgrade', release, chart);
    assert.deepEqual((await crdVersions(real)).length, before.length + 1, 'helm upgrade upgrades the CRDs');
    ok(await real.kubectl(['get', 'nassearch', 'quickstart']));
  });

  test('what a rollout does to Deployments is granted, and an apply that makes one is seen to need create', async () => {
    const { real } = open();
    const since = await loggedBytes(real);
    const cluster = kubernetesCluster(loadConfig(await accountConfig(real)), console);
    const [key, app] = [{ namespace: 'default', name: 'canary' }, { app: 'canary' }];
    const canary: Deployment = {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: key },
      spec: {
        selector: { matchLabels: app },
        template: { metadata: { labels: app }, spec: { containers: [{ name: 'server', image: 'retune:latest' }] } },
      },
    };
    for (const replicas of [0, 1]) {
      const wanted = { ...canary, spec: { ...canary.spec, replicas } };
      await cluster.apply(deployments, wanted, { fieldManager: 'retune-canary', force: true });
    }
    assert.equal((await cluster.get(deployments, key))?.spec.replicas, 1);
    await cluster.delete(deployments, key);
    const ofDeployments = (await usesSince(real, since)).filter(({ resource }) => resource === 'deployments');
    assert.deepEqual(
      ofDeployments.map(({ verb }) => verb),
      ['patch', 'create', 'patch', 'get', 'delete'],
    );
  });

  test('kept to a namespace, it works there and may not look elsewhere', async () => {
    const { real } = open();
    await run('upgrade', release, chart, '--set', `namespaces={${team}}`);
    const account = `--as=system:serviceaccount:${namespace}:${release}`;
    const may = async (...what: string[]) => (await real.kubectl(['auth', 'can-i', ...what, account])).stdout.trim();
    assert.deepEqual(
      await Promise.all([
        may('list', 'pods', '-n', team),
        may('list', 'pods', '-n', 'default'),
        may('list', 'pods', '-A'),
      ]),
      ['yes', 'no', 'no'],
    );
    assert.equal(await may('get', 'secrets', '-n', namespace), 'no');
    const since = await loggedBytes(real);
    await startOperator(real, 'operator-narrow');
    assert.deepEqual(await whatItLacks(real, team, since), []);
    await real.processes.stop('operator-narrow');
  });

  test('uninstalled, nothing of it is left but the CRDs, and what they hold', async () => {
    const { real } = open();
    const kept = (await leftovers(real, release)).filter((name) => name.startsWith('customresourcedefinition'));
    assert.equal(kept.length, 5);
    await run('uninstall', release, '--wait');
    assert.deepEqual(await leftovers(real, release), kept);
    assert.equal((await real.kubectl(['get', 'lease', 'retune', '-n', namespace])).code, 1);
    ok(await real.kubectl(['get', 'nassearch', 'quickstart', '-n', team]));
  });

  test('CRDs that kubectl has applied are taken over where helm is told to', async () => {
    const { real, helm } = open();
    for (const crd of (await leftovers(real, release)).map((name) => name.split('/')[1] ?? '')) {
      ok(await real.kubectl(['delete', 'crd', crd]));
    }
    ok(await real.kubectl(['apply', '-f', 'crds/']));
    const refused = await helmOn(helm, real)(['install', release, chart, '--namespace', namespace]);
    assert.match(refused.stderr, /invalid ownership metadata/);
    await run('install', release, chart, '--take-ownership');
    await run('uninstall', release);
  });
}
