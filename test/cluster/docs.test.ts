/**
 * What the pages say to do with a cluster, done: each block given to bash as it stands, one after the other, on a real cluster
 * with nodes that have the image. Manifests in pages are shown to its API server as well.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { dump, load } from 'js-yaml';
import { anSla } from '../../src/controllers/sla/fixtures.ts';
import { recommendationFile } from '../../src/controllers/sla/recommendation.ts';
import { allBlocks, type Block, codeSpans } from '../docs/blocks.ts';
import { isOf, type Proof, type Run, scriptOf } from '../docs/proof.ts';
import { proofs } from '../docs/proofs.ts';
import { laid, sampleWith } from '../docs/sample.ts';
import { Checkout } from '../docs/shell.ts';
import { until } from '../e2e/operator.ts';
import { addNodes, say, startCluster, type TestCluster, whyNot } from './cluster.ts';
import { helm } from './helm.ts';
import { moduleFolder } from './modules.ts';
import { install } from './packages.ts';

const reason = process.env.RETUNE_TEST_REQUIRE_CLUSTER ? undefined : whyNot();
const monitoring = 'github.com/prometheus-operator/prometheus-operator@v0.85.0';
const argoCd = 'github.com/argoproj/argo-cd/v2@v2.14.11';
/** Where artifacts lie by default: the nodes of this cluster are this machine, so the folder appears on it. */
const artifacts = '/var/lib/retune';

const blocks = allBlocks();
const blockOf = (proof: Pick<Proof, 'page' | 'starts'>): Block => {
  const block = blocks.find((one) => isOf(proof as Proof, one));
  assert.ok(block, `${proof.page} has no block that starts with ${proof.starts}`);
  return block;
};
const title = ({ page, starts }: Proof) => `${page}: ${starts.split('\n')[0]}`;

/** The ConfigMap of mode Recommend for the workload `web`, as the SLA's controller writes it. */
function webModel(): string {
  const env = [{ name: 'RETUNE_MODEL', value: 'file:///v' }];
  const body = { spec: { template: { spec: { containers: [{ name: 'server', env }] } } } };
  const patch = { apiVersion: 'apps/v1', kind: 'Deployment', type: 'strategic', body } as const;
  const picked = { variant: 'v', modelUri: 'file:///v' } as Parameters<typeof recommendationFile>[2];
  const { apiVersion, kind, metadata, ...data } = recommendationFile(anSla(), 'web-model', picked, patch);
  return dump({ apiVersion, kind, ...data, metadata: { name: metadata.name, namespace: metadata.namespace } });
}

describe('the pages on a real cluster', { skip: reason }, () => {
  let real: TestCluster;
  let checkout: Checkout;
  const foreign = !existsSync(artifacts);

  const kubectl = async (args: string[], input?: string) => {
    const { code, stdout, stderr } = await real.kubectl(args, input);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const serverTakes = (object: object) =>
    kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], dump(object));

  before(async () => {
    const program = await helm(say);
    await install(
      ['jq', 'zsh', 'fish'].map((name) => [`/usr/bin/${name}`, name]),
      say,
    );
    real = await startCluster();
    await addNodes(real);
    checkout = await Checkout.make({ kubectl: join(real.bin, 'kubectl'), helm: program });
    await writeFile(join(checkout.folder, 'web-model.yaml'), webModel());
    const folder = join(await moduleFolder(monitoring), 'example/prometheus-operator-crd');
    for (const kind of ['servicemonitors', 'podmonitors', 'prometheusrules']) {
      await kubectl(['apply', '--server-side', '-f', join(folder, `monitoring.coreos.com_${kind}.yaml`)]);
    }
    const application = join(await moduleFolder(argoCd), 'manifests/crds/application-crd.yaml');
    await kubectl(['apply', '--server-side', '-f', application]);
    // One that has no condition yet is an error to kubectl.
    const established = ['wait', '--for=condition=Established', '--timeout=60s', '-f', application];
    await until(async () => (await real.kubectl(established)).code === 0, 'the CRD is established');
  });
  after(async () => {
    await checkout?.remove();
    await real?.stop();
    if (foreign) await rm(artifacts, { recursive: true, force: true });
  });

  test('docs/rollouts.md: the API server takes the fields of an Application of Argo CD', async () => {
    const { text } = blockOf({ page: 'docs/rollouts.md', starts: '# Application of Argo CD' });
    const [source, destination] = [{ repoURL: 'https://git.example/team', path: 'production' }, { namespace: 'team' }];
    const least = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata: { name: 'web' } };
    await serverTakes(laid({ ...least, spec: { project: 'default', source, destination } }, load(text)) as object);
  });

  for (const [shell, first, then, said] of [
    ['zsh', 'autoload -U compinit; compinit -u', 'print $_comps[retune]', '_retune'],
    ['fish', 'true', 'complete -C "retune stat"', 'status'],
  ] as const) {
    test(`docs/cli.md: the line for ${shell} completes in ${shell}`, async () => {
      const { text } = blockOf({ page: 'docs/cli.md', starts: 'source <(retune completions bash)' });
      const line = text.split('\n').find((one) => one.includes(`completions ${shell}`)) ?? '';
      const { stdout, stderr } = await checkout.bash(`${shell} -c '${first}; ${line.replace(/ +#.*/, '')}; ${then}'`);
      assert.deepEqual([stdout, stderr], [`${said}\n`, '']);
    });
  }

  for (const proof of proofs.filter((one): one is Proof & Run => 'bash' in one && one.bash === 'cluster')) {
    test(title(proof), async () => {
      const script = scriptOf(blockOf(proof).text, proof);
      const { code, stdout, stderr } = await checkout.bash(script, { KUBECONFIG: real.kubeconfig }, 180);
      assert.equal(code, 0, `${stdout}${stderr}`);
      if (proof.prints) assert.match(stdout, proof.prints);
    });
  }

  test('docs/alerts.md: every kubectl command of a runbook is answered', async () => {
    await kubectl(['apply', '-f', 'manifests/samples/']);
    await kubectl(['rollout', 'status', 'deployment/digits', '--timeout=90s']);
    const spans = codeSpans(await readFile('docs/alerts.md', 'utf8')).map(({ code }) => code);
    const commands = spans.filter((code) => code.startsWith('kubectl ') && code.includes(' -'));
    assert.ok(commands.length >= 8);
    // The names that a runbook leaves to its reader. There is no canary to read the log of: the workload stands for it.
    const named = (code: string) =>
      Object.entries({
        ...{ NAMESPACE: 'default', 'latencysla NAME': 'latencysla digits', 'nassearch NAME': 'nassearch quickstart' },
        ...{ 'hardwareprofile NAME': 'hardwareprofile avx', 'WORKLOAD-retune-canary': 'digits' },
      }).reduce((so, [word, meant]) => so.replaceAll(word, meant), code);
    for (const code of commands) {
      // What is looked for in a log need not be there.
      const { code: ended, stderr } = await checkout.bash(named(code).replace(/ \|.*/, ''), {
        KUBECONFIG: real.kubeconfig,
      });
      assert.equal(ended, 0, `${code}: ${stderr}`);
    }
    await kubectl(['delete', '-f', 'manifests/samples/']);
  });

  // The story ends with Retune installed.
  for (const proof of proofs.filter((one) => 'manifest' in one)) {
    test(`${title(proof)}: the API server takes it in its place`, async () => {
      for (const object of await sampleWith(blockOf(proof), proof)) await serverTakes(object);
    });
  }
});
