import { existsSync } from 'node:fs';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cache } from './binaries.ts';
import type { TestCluster } from './cluster.ts';
import { kubeconfigOf } from './control-plane.ts';
import { moduleFolder } from './modules.ts';
import { run } from './process.ts';

const argo = 'github.com/argoproj/argo-rollouts@v1.8.5';
const kserve = 'github.com/kserve/kserve@v0.16.0';
/** What KServe v0.16 requires. */
const knative = 'knative.dev/serving@v0.44.0';
const gateway = 'sigs.k8s.io/gateway-api@v1.4.1';

const healthPort = 18_080;

/** CRDs of other projects, from their own modules. Two of them are too large for what client-side apply remembers. */
export async function applyForeignCrds({ kubectl }: Pick<TestCluster, 'kubectl'>): Promise<void> {
  const rollouts = join(await moduleFolder(argo), 'manifests/crds');
  const files = [
    ...(await readdir(rollouts)).filter((file) => file.endsWith('-crd.yaml')).map((file) => join(rollouts, file)),
    join(await moduleFolder(kserve), 'config/crd/full/serving.kserve.io_inferenceservices.yaml'),
    join(await moduleFolder(knative), 'config/core/300-resources/revision.yaml'),
    join(await moduleFolder(gateway), 'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml'),
  ].flatMap((file) => ['-f', file]);
  for (const args of [
    ['apply', '--server-side', ...files],
    ['wait', '--for=condition=Established', '--timeout=60s', ...files],
  ]) {
    const { code, stderr } = await kubectl(args);
    if (code !== 0) throw new Error(stderr);
  }
}

/** Argo Rollouts' controller, built from its module once a machine: four minutes of two processors. */
async function argoRollouts(say: (line: string) => void): Promise<string> {
  const program = join(cache, `argo-rollouts-${argo.split('@')[1]}`);
  if (existsSync(program)) return program;
  say('building the controller of Argo Rollouts from source (about 5 minutes, once a machine)');
  await mkdir(cache, { recursive: true });
  const built = `${program}.${process.pid}`;
  await run('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', built, './cmd/rollouts-controller'], {
    cwd: await moduleFolder(argo),
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
  });
  await rename(built, program);
  return program;
}

/** Starts Argo Rollouts' own controller beside the cluster. Its CRDs must be there. */
export async function startArgoRollouts(
  { processes, folder }: TestCluster,
  say: (line: string) => void,
): Promise<void> {
  const program = await argoRollouts(say);
  processes.start('argo-rollouts', program, [
    `--kubeconfig=${kubeconfigOf(folder, 'admin')}`,
    '--leader-elect=false',
    `--healthzPort=${healthPort}`,
    `--metricsport=${healthPort + 1}`,
  ]);
  await processes.until('argo-rollouts', async () => (await fetch(`http://127.0.0.1:${healthPort}/healthz`)).ok);
}
