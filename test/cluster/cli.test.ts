import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { load } from 'js-yaml';
import { type ApiServer, offeredCluster, startCluster, whyNot } from './cluster.ts';

const offered = process.env.KUBECONFIG;
const reason = offered || process.env.RETUNE_TEST_REQUIRE_CLUSTER ? undefined : whyNot();
const namespace = `retune-cli-${process.pid}`;

/** A search and a variant that belong together; nobody makes or measures them here. */
const manifests = `
apiVersion: retune.dev/v1alpha1
kind: NASSearch
metadata: { name: quick }
spec:
  model: { uri: file:///m.onnx }
  data: { heldout: { uri: file:///h.npz } }
---
apiVersion: retune.dev/v1alpha1
kind: LatencySLA
metadata: { name: web }
spec:
  workloadRef: { name: web }
  searchRef: { name: quick }
  objective: { threshold: 50ms }
  source: { scrape: {} }
---
apiVersion: retune.dev/v1alpha1
kind: Variant
metadata: { name: quick-a, labels: { retune.dev/search: quick } }
spec:
  searchRef: { name: quick }
  candidate: { dimensions: { depth: 2 }, precision: FP32, engine: { threads: 1 } }
  model: { uri: file:///m.onnx }
  heldout: { uri: file:///h.npz }
  metric: Top1
`;
const lastTransitionTime = '2026-01-01T12:00:00Z';
const failed = (type: string, why: string) => ({
  conditions: [{ ...{ type, status: 'False', reason: why, message: why }, lastTransitionTime }],
});

describe('retune against a real API server', { skip: reason }, () => {
  let real: ApiServer;
  let folder: string;
  /** The kubeconfig of somebody who may do nothing yet. */
  let ann: string;
  const kubectl = async (...args: string[]) => {
    const { code, stdout, stderr } = await real.kubectl(['-n', namespace, ...args]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const apply = async (text: string) => {
    const { code, stderr } = await real.kubectl(['-n', namespace, 'apply', '-f', '-'], text);
    assert.equal(code, 0, stderr);
  };
  const retune = (kubeconfig: string, ...args: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const all = ['--no-warnings', 'src/cli/main.ts', ...args, '-n', namespace, '--kubeconfig', kubeconfig];
      execFile(process.execPath, all, (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      });
    });

  before(async () => {
    real = offered ? offeredCluster(offered) : await startCluster();
    folder = await mkdtemp(join(tmpdir(), 'retune-cli-'));
    assert.equal((await real.kubectl(['apply', '-f', 'crds/'])).code, 0);
    await real.kubectl(['wait', '--for=condition=Established', '-f', 'crds/', '--timeout=30s']);
    assert.equal((await real.kubectl(['create', 'namespace', namespace])).code, 0);
    await kubectl('create', 'serviceaccount', 'ann');
    const token = (await kubectl('create', 'token', 'ann')).trim();
    const config = load(await readFile(real.kubeconfig, 'utf8')) as { users: { name: string; user: object }[] };
    for (const one of config.users) one.user = { token };
    ann = join(folder, 'ann.kubeconfig');
    await writeFile(ann, JSON.stringify(config));
    await apply(manifests);
  });
  after(async () => {
    await real?.kubectl(['delete', 'namespace', namespace, '--wait=false']);
    await real?.kubectl([
      'delete',
      'clusterrole',
      'retune-cli-view',
      'retune-cli-hardware',
      'retune-cli-operate',
      '--ignore-not-found',
    ]);
    await real?.kubectl(['delete', 'clusterrolebinding', namespace, '--ignore-not-found']);
    await real?.stop();
    if (folder) await rm(folder, { recursive: true });
  });

  test('the doctor finds the kinds of this release, field by field, and that there is no operator', async () => {
    const { code, stdout } = await retune(real.kubeconfig, 'doctor', '-o', 'json');
    const findings = JSON.parse(stdout).findings as { check: string; level: string; message: string }[];
    const kinds = findings.filter(({ check }) => check.startsWith('CRD'));
    assert.deepEqual([kinds.length, kinds.filter(({ level }) => level !== 'ok')], [5, []]);
    assert.match(findings.find(({ check }) => check === 'API server')?.message ?? '', /^v1\.\d+/);
    assert.equal(findings.filter(({ check }) => check === 'your permissions').length, 4);
    assert.equal(code, findings.some(({ level }) => level === 'fail') ? 1 : 0);
  });

  test('who may do nothing is told what to ask for, and gets it from the roles of docs/cli.md', async () => {
    const refused = await retune(ann, 'status');
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      new RegExp(
        `^retune: you may not list (latencyslas|nassearches) of retune\\.dev in namespace ${namespace}: .*kubectl create role`,
      ),
    );
    const page = await readFile('docs/cli.md', 'utf8');
    await apply(/^```yaml\n([\s\S]*?)^```/m.exec(page)?.[1] ?? '');
    const account = `--serviceaccount=${namespace}:ann`;
    for (const role of ['retune-cli-view', 'retune-cli-operate']) {
      await kubectl('create', 'rolebinding', role, `--clusterrole=${role}`, account);
    }
    await kubectl('create', 'clusterrolebinding', namespace, '--clusterrole=retune-cli-hardware', account);
    const allowed = await retune(ann, 'status');
    assert.deepEqual([allowed.code, allowed.stderr], [0, '']);
    assert.match(allowed.stdout, /^LatencySLA web[\s\S]*└─ NASSearch quick/);
  });

  test('pausing and orders reach the objects, and names that are not there are answered with those that are', async () => {
    assert.equal((await retune(ann, 'pause', 'quick')).code, 0);
    assert.equal(await kubectl('get', 'nas', 'quick', '-o', 'jsonpath={.spec.suspend}'), 'true');
    assert.equal((await retune(ann, 'rollback', 'web')).code, 1);
    const history = [{ at: lastTransitionTime, event: 'Promoted', reason: 'Pass', message: 'quick-a' }];
    await kubectl(
      'patch',
      'sla',
      'web',
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status: { history } }),
    );
    assert.equal((await retune(ann, 'rollback', 'web')).code, 0);
    const annotations = JSON.parse(await kubectl('get', 'sla', 'web', '-o', 'jsonpath={.metadata.annotations}'));
    assert.match(annotations['retune.dev/rollback'], /^\d{4}-.*Z$/);
    assert.match((await retune(ann, 'explain', 'quick-b')).stderr, /there are var\/quick-a, sla\/web, nas\/quick/);
  });

  test('what failed is tried again through its status', async () => {
    const patch = (kind: string, name: string, status: object) =>
      kubectl('patch', kind, name, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }));
    await patch('var', 'quick-a', { attempts: 5, ...failed('Ready', 'OutOfMemory') });
    await patch('nas', 'quick', { finished: lastTransitionTime, ...failed('Succeeded', 'NothingMeasured') });
    const { code, stdout } = await retune(ann, 'retry', 'quick', '-o', 'json');
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout).again, ['Variant quick-a']);
    const variant = JSON.parse(await kubectl('get', 'var', 'quick-a', '-o', 'jsonpath={.status}'));
    assert.deepEqual(variant, { conditions: [] });
    const search = JSON.parse(await kubectl('get', 'nas', 'quick', '-o', 'jsonpath={.status}'));
    assert.deepEqual([search.conditions, search.finished], [[], undefined]);
  });
});
