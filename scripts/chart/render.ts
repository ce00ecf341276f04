/** manifests/install.yaml: what helm renders from the chart, for whoever installs with kubectl. */
import { createHash } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../test/cluster/process.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const chart = 'helm/retune';
const namespace = 'retune-system';
export const installPath = 'manifests/install.yaml';

/** Only kubectl has no `--create-namespace`. Worker pods of searches run elsewhere; here run the operator and probes. */
const namespaceManifest = `apiVersion: v1
kind: Namespace
metadata:
  name: ${namespace}
  labels:
    pod-security.kubernetes.io/warn: restricted
`;

/** Of all that decides what is rendered: tells a stale manifest where there is no helm. `generated` goes before the disk. */
export async function chartDigest(generated: Map<string, string>): Promise<string> {
  const paths: string[] = [];
  for await (const entry of glob(`${chart}/**/*`, { cwd: root, withFileTypes: true })) {
    if (entry.isFile()) paths.push(join(entry.parentPath, entry.name).slice(root.length));
  }
  const all = new Set([...paths, ...[...generated.keys()].filter((path) => path.startsWith(`${chart}/`))]);
  const hash = createHash('sha256');
  for (const path of [...all].sort()) {
    if (path.endsWith('README.md')) continue;
    const content = generated.get(path) ?? (await readFile(join(root, path), 'utf8'));
    hash.update(`${path}\0${content}\0`);
  }
  return hash.digest('hex').slice(0, 16);
}

const head = (digest: string) =>
  `# Rendered by helm from ${chart} (${digest}) by \`npm run generate\`. Do not edit.\n` +
  `# kubectl apply -f ${installPath}\n`;

/** Whether the manifest was rendered from the chart as it is; whether by helm alone, a test on the cluster tells. */
export async function installIsCurrent(generated: Map<string, string>): Promise<boolean> {
  const present = await readFile(join(root, installPath), 'utf8').catch(() => '');
  return present.startsWith(head(await chartDigest(generated)));
}

/** The manifest, rendered by the program `helm` from the chart on disk. */
export async function renderInstall(helm: string): Promise<string> {
  const rendered = await run(helm, [
    ...['template', 'retune', join(root, chart), '--namespace', namespace, '--skip-tests'],
    // An annotation for helm alone.
    ...['--set', 'crds.keep=false'],
  ]);
  const objects = rendered.replaceAll(/^# Source: .*\n/gm, '').replaceAll('managed-by: Helm', 'managed-by: kubectl');
  return `${head(await chartDigest(new Map()))}${namespaceManifest}${objects}`;
}
