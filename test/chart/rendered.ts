/** What the chart makes of values, by `helm template`: no cluster is needed. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { renderInstall } from '../../scripts/chart/render.ts';
import { run } from '../cluster/process.ts';
import { granted, type Role } from '../rbac/permissions.ts';
import { at, chart, type Rendered, render } from './release.ts';

const everything = ['--values', 'test/chart/everything.yaml'];
const container = 'spec.template.spec.containers.0';

const one = (objects: Rendered[], kind: string, name?: string): Rendered => {
  const found = objects.filter((object) => object.kind === kind && (!name || object.metadata.name === name));
  assert.equal(found.length, 1, `${kind} ${name ?? ''}: ${found.map(({ metadata }) => metadata.name).join(', ')}`);
  return found[0] as Rendered;
};
const kindsOf = (objects: Rendered[]) => new Set(objects.map(({ kind }) => kind));

/** A value, and the place and the complaint that helm must name. */
const mistakes: [option: string, said: RegExp][] = [
  ['replicas=two', /replicas.*got string, want integer/s],
  ['replicas=-1', /replicas.*minimum/s],
  ['replica=2', /additional properties 'replica' not allowed/],
  ['image.digest=latest', /image\/digest.*does not match pattern/s],
  ['image.pullPolicy=Sometimes', /image\/pullPolicy.*value must be one of/s],
  ['store.type=S3', /store\/type.*value must be one of 'HostPath', 'Claim'/s],
  ['store.hostPath.path=relative', /store\/hostPath\/path.*does not match pattern/s],
  ['operator.holdDown=fast', /operator\/holdDown.*does not match pattern/s],
  ['operator.loglevel=debug', /operator.*additional properties 'loglevel' not allowed/s],
  ['namespaces=default', /namespaces.*got string, want array/s],
  ['workers.tolerations[0].operator=Has', /workers\/tolerations\/0\/operator.*value must be one of/s],
  ['networkPolicy.operator.apiServer.ports[0]=70000', /apiServer\/ports\/0.*maximum/s],
];

export function rendered(helm: () => string): void {
  test('helm lint has nothing to say, whatever is switched on', async () => {
    for (const values of [[], everything, ['--set', 'namespaces={a,b}']]) {
      const said = await run(helm(), ['lint', '--strict', chart, ...values]);
      assert.match(said, /0 chart\(s\) failed/);
    }
  });

  test('manifests/install.yaml is what helm renders', async () => {
    assert.equal(await readFile('manifests/install.yaml', 'utf8'), await renderInstall(helm()));
  });

  for (const [option, said] of mistakes) {
    test(`--set ${option} is refused with the value that is wrong`, async () => {
      await assert.rejects(render(helm(), '--set', option), said);
    });
  }

  test('by default there is one operator for the whole cluster, and nothing that a cluster may not know', async () => {
    const objects = await render(helm(), '--skip-tests');
    const deployment = one(objects, 'Deployment');
    assert.equal(at(deployment, 'spec.replicas'), 1);
    assert.equal(at(deployment, `${container}.image`), 'retune:latest');
    assert.deepEqual(
      [...kindsOf(objects)].sort(),
      ['ClusterRole', 'ClusterRoleBinding', 'CustomResourceDefinition', 'Deployment', 'Lease']
        .concat(['Role', 'RoleBinding', 'Service', 'ServiceAccount'])
        .sort(),
    );
    assert.equal(objects.filter(({ kind }) => kind === 'CustomResourceDefinition').length, 5);
  });

  test("the heap follows the memory limit, unless somebody gives Node options of one's own", async () => {
    const optionsOf = async (...values: string[]) => {
      const deployment = one(await render(helm(), '--skip-tests', ...values), 'Deployment');
      const env = at(deployment, `${container}.env`) as { name: string; value?: string }[];
      return env.filter(({ name }) => name === 'NODE_OPTIONS').map(({ value }) => value);
    };
    assert.deepEqual(await optionsOf(), ['--max-old-space-size-percentage=65']);
    const own = 'operator.env[0].name=NODE_OPTIONS,operator.env[0].value=--use-openssl-ca';
    assert.deepEqual(await optionsOf('--set', own), ['--use-openssl-ca']);
  });

  test('with everything switched on, each value has its effect', async () => {
    const objects = await render(helm(), ...everything);
    const deployment = one(objects, 'Deployment');
    const image = 'registry.example/retune@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';
    assert.equal(at(deployment, `${container}.image`), image);
    assert.deepEqual(at(deployment, `${container}.args`), [
      ...['operator', '--hold-down=5m', '--log-format=text', '--log-level=debug'],
      ...['--label-keys=example.com/chip,node.kubernetes.io/instance-type', '--page=127.0.0.1:9091'],
    ]);
    const env = at(deployment, `${container}.env`) as { name: string; value?: string }[];
    const inEnv = (name: string) => env.find((variable) => variable.name === name)?.value;
    assert.deepEqual([inEnv('RETUNE_IMAGE'), inEnv('RETUNE_STORE_CLAIM')], [image, 'models']);
    assert.equal(inEnv('RETUNE_STORE_HOST_PATH'), undefined);
    assert.equal(inEnv('HTTPS_PROXY'), 'http://proxy.example:3128');
    assert.deepEqual(JSON.parse(inEnv('RETUNE_WORKER_PODS') ?? ''), {
      ...{ queueName: 'benchmarks', priorityClassName: 'low', imagePullSecrets: [{ name: 'registry' }] },
      tolerations: [{ key: 'benchmarks', operator: 'Exists' }],
      accelerators: { a100: { tolerations: [{ key: 'gpu', operator: 'Equal', value: 'a100', effect: 'NoSchedule' }] } },
    });
    assert.equal(at(one(objects, 'PodDisruptionBudget'), 'spec.maxUnavailable'), 1);
    const spread = at(deployment, 'spec.template.spec.topologySpreadConstraints') as { topologyKey: string }[];
    assert.deepEqual(
      spread.map(({ topologyKey }) => topologyKey),
      ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'],
    );
    assert.equal(one(objects, 'PersistentVolumeClaim').metadata.annotations?.['helm.sh/resource-policy'], 'keep');
    assert.equal(one(objects, 'ServiceMonitor').metadata.labels?.release, 'prometheus');
    const groups = at(one(objects, 'PrometheusRule'), 'spec.groups') as { name: string }[];
    assert.deepEqual(
      groups.map(({ name }) => name),
      ['retune-operator', 'retune-searches', 'retune-slas'],
    );
    const files = Object.keys(at(one(objects, 'ConfigMap', 'retune-rules'), 'data') ?? {});
    assert.deepEqual(files, ['operator.yaml', 'searches.yaml', 'slas.yaml']);
    for (const name of ['fleet', 'operator', 'search', 'sla']) {
      const { metadata, ...configMap } = one(objects, 'ConfigMap', `retune-${name}`);
      assert.equal(metadata.labels?.grafana_dashboard, '1');
      const json = (at(configMap, 'data') as Record<string, string>)[`${name}.json`] ?? '';
      assert.equal((JSON.parse(json) as { uid: string }).uid, `retune-${name}`);
    }
  });

  test('a bucket, garbage collection, the page and other rollout targets bring what they need, and nothing before', async () => {
    const rulesOf = (objects: Rendered[]) => JSON.stringify(at(one(objects, 'ClusterRole', 'retune'), 'rules'));
    const plain = rulesOf(await render(helm()));
    for (const group of ['tokenreviews', 'httproutes', 'inferenceservices', 'rollouts', 'statefulsets']) {
      assert.ok(!plain.includes(group), group);
    }
    const objects = await render(
      helm(),
      ...['--set', 'store.type=Uri,store.uri=s3://models/retune,store.secretName=bucket'],
      ...['--set', 'garbageCollection.interval=24h,page.listen=Everywhere'],
      ...['--set', 'rolloutTargets.gateway=true,rolloutTargets.kserve=true,rolloutTargets.argoRollouts=true'],
    );
    const all = rulesOf(objects);
    for (const group of ['tokenreviews', 'httproutes', 'inferenceservices', 'rollouts/status', 'statefulsets']) {
      assert.ok(all.includes(group), group);
    }
    const deployment = one(objects, 'Deployment');
    const args = at(deployment, `${container}.args`) as string[];
    assert.ok(args.includes('--page=0.0.0.0:9091') && args.includes('--gc-grace=24h'));
    const env = at(deployment, `${container}.env`) as { name: string; value?: string }[];
    const inEnv = (name: string) => env.find((variable) => variable.name === name)?.value;
    assert.deepEqual([inEnv('RETUNE_STORE'), inEnv('RETUNE_STORE_SECRET')], ['s3://models/retune', 'bucket']);
    assert.equal(inEnv('RETUNE_STORE_HOST_PATH'), undefined);
    const mounts = at(deployment, `${container}.volumeMounts`) as { mountPath: string }[];
    assert.deepEqual(
      mounts.map(({ mountPath }) => mountPath),
      [inEnv('RETUNE_STORE_CREDENTIALS')],
    );
  });

  test('workers are cut off, and the operator reaches what it must alone', async () => {
    const objects = await render(helm(), '--set', 'networkPolicy.enabled=true', '--set', 'namespaces={shop}');
    const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
    const places = policies.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort();
    assert.deepEqual(places, ['retune-system/retune', 'retune-system/retune-workers', 'shop/retune-workers']);
    const workers = policies.find(({ metadata }) => metadata.namespace === 'shop');
    assert.deepEqual(at(workers, 'spec'), {
      podSelector: { matchLabels: { 'retune.dev/benchmark': 'true' } },
      policyTypes: ['Ingress', 'Egress'],
    });
    const operator = policies.find(({ metadata }) => metadata.name === 'retune');
    const egress = at(operator, 'spec.egress') as { ports: { port: number }[]; to?: unknown[] }[];
    const ports = egress.map((rule) => rule.ports.map(({ port }) => port));
    assert.deepEqual(ports, [
      [53, 53],
      [443, 6443],
      [8080, 9090],
    ]);
  });

  test('kept to some namespaces, it has a Role in each and its own, and of the cluster nodes and profiles alone', async () => {
    const objects = await render(helm(), '--set', 'namespaces={shop,search}', '--set', 'rbac.aggregate=false');
    const wide = granted(objects.filter(({ kind }) => kind === 'ClusterRole') as unknown as Role[]);
    const resources = new Set(wide.map(({ resource }) => resource.split('/')[0]));
    assert.deepEqual([...resources].sort(), ['hardwareprofiles', 'nodes']);
    const roles = objects.filter(({ kind }) => kind === 'Role').map(({ metadata }) => metadata);
    assert.deepEqual(roles.map(({ namespace, name }) => `${namespace}/${name}`).sort(), [
      ...['default/retune-events', 'retune-system/retune', 'retune-system/retune-leader'],
      ...['search/retune', 'shop/retune'],
    ]);
    assert.ok((at(one(objects, 'Deployment'), `${container}.args`) as string[]).includes('--namespaces=shop,search'));
  });

  test('secrets are asked for by nobody, and nothing by a wildcard', async () => {
    const objects = await render(helm(), ...everything);
    const roles = objects.filter(({ kind }) => kind.endsWith('Role')) as unknown as Role[];
    for (const { group, resource, verb } of granted(roles)) {
      assert.notEqual(resource, 'secrets');
      assert.ok(![group, resource, verb].includes('*'), `${group}/${resource} ${verb}`);
    }
  });

  test('CRDs go with the chart where that is wanted, and are left to others where that is', async () => {
    const policy = async (...options: string[]) =>
      (await render(helm(), ...options))
        .filter(({ kind }) => kind === 'CustomResourceDefinition')
        .map(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy']);
    assert.deepEqual(new Set(await policy()), new Set(['keep']));
    assert.deepEqual(new Set(await policy('--set', 'crds.keep=false')), new Set([undefined]));
    assert.deepEqual(await policy('--set', 'crds.install=false'), []);
  });

  test('a cluster that is older than what is supported is refused with the version that it takes', async () => {
    await assert.rejects(render(helm(), '--kube-version', '1.29.0'), /requires kubeVersion: >=1\.30\.0-0/);
  });
}
