import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { nasSearches } from '../../api/resources.ts';
import type { Cluster } from '../../runtime/cluster/cluster.ts';
import { ApiError } from '../../runtime/cluster/errors.ts';
import { aCluster } from '../doctor/fixtures.ts';
import { serveCluster } from './api-server.ts';

const run = promisify(execFile);
const main = resolve('src/cli/main.ts');
let cluster: Cluster;
let served: Awaited<ReturnType<typeof serveCluster>>;

before(async () => {
  cluster = await aCluster();
  served = await serveCluster(cluster);
});
after(() => served.close());

/** Runs the command in a process of its own, as a shell does. */
async function retune(args: string[], script = main) {
  const env = { ...process.env, KUBECONFIG: served.kubeconfig, NODE_NO_WARNINGS: '1' };
  const ended = await run(process.execPath, [script, ...args], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }) as { code: number; stdout: string; stderr: string },
  );
  // Whatever is wrong is said in one sentence, and never with a stack.
  assert.doesNotMatch(ended.stderr, /\n {4}at /);
  return ended;
}

test('the answer is on standard output, without colours in a pipe, and the exit code tells', async () => {
  const { code, stdout } = await retune(['status']);
  assert.equal(code, 0);
  assert.match(stdout, /^LatencySLA web {2}Met/);
  assert.ok(!stdout.includes('\u001b'));
  const front = await retune(['front', 'quick', '-o', 'json']);
  assert.equal(front.code, 2, 'there is no front yet');
  assert.deepEqual(JSON.parse(front.stdout), { search: 'quick', accelerators: [] });
});

test('a change reaches the cluster, and what is refused ends with 1', async () => {
  const suspended = async () => (await cluster.get(nasSearches, { namespace: 'default', name: 'quick' }))?.spec.suspend;
  assert.equal((await retune(['pause', 'nas/quick'])).code, 0);
  assert.equal(await suspended(), true);
  const { code, stderr } = await retune(['rollback', 'web']);
  assert.equal(code, 1);
  assert.match(stderr, /^retune: there is nothing to roll back/);
});

test('wrong usage ends with 2 and a sentence that says what there is', async () => {
  const missing = await retune(['explain', 'quack']);
  assert.equal(missing.code, 2);
  assert.match(
    missing.stderr,
    /^retune: there is no Variant or LatencySLA or NASSearch "quack" in namespace default; there are sla\/web, nas\/quick\n$/,
  );
  assert.equal((await retune(['status', '-o', 'xml'])).code, 2);
  const context = await retune(['status', '--context', 'none']);
  assert.equal(context.code, 2);
  assert.match(context.stderr, /no context "none"; it has test, elsewhere, gone/);
});

test('the namespace is that of the flag, else that of the context', async () => {
  assert.match((await retune(['status', '--context', 'elsewhere'])).stdout, /no NASSearch in namespace team/);
});

test('a cluster that does not answer, and one that forbids, are told in a sentence', async () => {
  const list = cluster.list.bind(cluster);
  cluster.list = async () => {
    throw new ApiError(
      'Forbidden',
      'latencyslas.retune.dev is forbidden: User "ann" cannot list resource "latencyslas" in API group "retune.dev" in the namespace "default"',
    );
  };
  const forbidden = await retune(['status']);
  cluster.list = list;
  assert.equal(forbidden.code, 2);
  assert.match(
    forbidden.stderr,
    /^retune: you may not list latencyslas of retune\.dev in namespace default: ask an administrator for "kubectl create role retune-list-latencyslas --verb=list --resource=latencyslas\.retune\.dev -n default/,
  );
  const gone = await retune(['status', '--context', 'gone']);
  assert.equal(gone.code, 2);
  assert.match(
    gone.stderr,
    /^retune: no cluster answers at http:\/\/127\.0\.0\.1:64999 \(context "gone"\): connect ECONNREFUSED/,
  );
});

test('as a plugin it is called kubectl retune, and completes its words as kubectl reads them', async () => {
  const plugin = join(served.folder, 'kubectl-retune');
  await symlink(main, plugin);
  assert.match((await retune(['--help'], plugin)).stdout, /^Usage: kubectl retune/);
  const completer = join(served.folder, 'kubectl_complete-retune');
  await symlink(main, completer);
  assert.equal((await retune(['explain', 'qu'], completer)).stdout, 'quick\n:4\n');
});

test('what bash is given completes words in bash', async () => {
  const { stdout: script } = await retune(['completions', 'bash']);
  const complete = async (line: string) => {
    const words = line.split(' ');
    const program = `${script}
retune() { "${process.execPath}" "${main}" "$@"; }
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
_retune; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const env = { ...process.env, KUBECONFIG: served.kubeconfig, NODE_NO_WARNINGS: '1' };
    return (await run('bash', ['-c', program], { env })).stdout.trim().split('\n');
  };
  assert.deepEqual(await complete('retune report nas/'), ['nas/quick']);
  assert.deepEqual(await complete('retune status --all'), ['--all-namespaces']);
});
