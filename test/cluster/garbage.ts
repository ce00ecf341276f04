import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { load, loadAll } from 'js-yaml';
import { directoryStore } from '../../src/stores/directory/directory.ts';
import { type ApiServer, say } from './cluster.ts';
import { helm } from './helm.ts';
import { run } from './process.ts';

interface Rule {
  resources: string[];
}

interface Role {
  kind: string;
  metadata: { name: string };
  rules: Rule[];
}

/** The role of an operator that collects garbage, under another name, less the rules for some resources. */
async function roleNamed(name: string, without: string[]): Promise<Role> {
  const rendered = await run(await helm(say), [
    'template',
    'retune',
    'helm/retune',
    '--set',
    'garbageCollection.interval=24h',
  ]);
  const role = (loadAll(rendered) as Role[]).find(
    (one) => one?.kind === 'ClusterRole' && one.metadata.name === 'retune',
  );
  assert.ok(role, 'the chart has a ClusterRole');
  const rules = role.rules.filter(({ resources }) => !resources.some((resource) => without.includes(resource)));
  return { ...role, metadata: { name }, rules };
}

/** A kubeconfig of a service account that has a role in the whole cluster. */
async function accountWith(real: ApiServer, namespace: string, role: Role, path: string): Promise<void> {
  const { name } = role.metadata;
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } };
  const binding = {
    ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding', metadata: { name } },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  };
  for (const object of [account, role, binding]) {
    const applied = await real.kubectl(['apply', '-f', '-'], JSON.stringify(object));
    assert.equal(applied.code, 0, applied.stderr);
  }
  const { stdout: token } = await real.kubectl(['-n', namespace, 'create', 'token', name]);
  const config = load(await readFile(real.kubeconfig, 'utf8')) as { users: { name: string; user: object }[] };
  const users = config.users.map((user) => ({ name: user.name, user: { token: token.trim() } }));
  await writeFile(path, JSON.stringify({ ...config, users }));
}

const retune = (args: string[]): Promise<{ code: number; text: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, ['src/cli/main.ts', ...args], (error, stdout, stderr) => {
      resolve({ code: error ? 1 : 0, text: stdout + stderr });
    });
  });

/** `retune gc` with the rights that the chart gives for it, and with one too few, on a real API server. */
export async function garbageIsCollected(real: ApiServer, namespace: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'retune-gc-'));
  const roles = [await roleNamed(`${namespace}-gc`, []), await roleNamed(`${namespace}-few`, ['rollouts'])];
  try {
    const store = directoryStore(folder);
    const [served = '', lost = ''] = await Promise.all(
      ['served', 'lost'].map((text) => store.put(new TextEncoder().encode(text))),
    );
    const old = new Date(Date.now() - 48 * 3_600_000);
    for (const digest of [served, lost]) await utimes(fileURLToPath(store.uri(digest)), old, old);
    const made = ['-n', namespace, 'create', 'deployment', 'web', '--image=retune:latest', '--replicas=0'];
    assert.equal((await real.kubectl(made)).code, 0);
    const set = ['-n', namespace, 'set', 'env', 'deployment/web', `RETUNE_MODEL=${store.uri(served)}`];
    assert.equal((await real.kubectl(set)).code, 0);

    const [enough, few] = [join(folder, 'enough.kubeconfig'), join(folder, 'few.kubeconfig')];
    for (const [i, path] of [enough, few].entries()) await accountWith(real, namespace, roles[i] as Role, path);
    const collect = (kubeconfig: string, ...more: string[]) =>
      retune(['gc', '--store', pathToFileURL(folder).href, '--kubeconfig', kubeconfig, ...more]);
    const refused = await collect(few);
    assert.equal(refused.code, 1);
    assert.match(
      refused.text,
      /what rollouts name can't be read: allow the verb list on rollouts of the API group argoproj/,
    );
    const dry = await collect(enough, '--dry-run');
    assert.match(dry.text, /would remove 1 artifacts, 0.0 MB; kept 1 that are named/);
    assert.deepEqual([await store.has(served), await store.has(lost)], [true, true]);
    const done = await collect(enough, '-o', 'json');
    assert.equal(done.code, 0, done.text);
    assert.deepEqual(
      JSON.parse(done.text).removed.map(({ digest }: { digest: string }) => digest),
      [lost],
    );
    assert.deepEqual([await store.has(served), await store.has(lost)], [true, false]);
  } finally {
    for (const { metadata } of roles) {
      await real.kubectl(['delete', 'clusterrole,clusterrolebinding', metadata.name, '--ignore-not-found']);
    }
    await rm(folder, { recursive: true, force: true });
  }
}
