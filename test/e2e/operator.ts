import { chown, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestCluster } from '../cluster/cluster.ts';

/** Waits until `check` gives something; says what was waited for when it does not in time. */
export async function until<T>(check: () => Promise<T | undefined | false>, what: string, seconds = 60): Promise<T> {
  let last: unknown;
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await sleep(300)) {
    const found = await check().catch((error: unknown) => {
      last = error;
      return undefined;
    });
    if (found) return found;
  }
  throw new Error(`not within ${seconds} s: ${what}${last ? ` (${last})` : ''}`);
}

const folderOfManifests = '/var/lib/retune';

/** A manifest of this project with a folder of this cluster as the place of artifacts. */
export async function manifest(cluster: TestCluster, path: string): Promise<string> {
  const text = await readFile(path, 'utf8');
  return text.replaceAll(`path: ${folderOfManifests}`, `path: ${artifacts(cluster)}`);
}

export const artifacts = ({ folder }: TestCluster) => join(folder, 'artifacts');

export async function apply(cluster: TestCluster, text: string): Promise<void> {
  const { code, stderr } = await cluster.kubectl(['apply', '-f', '-'], text);
  if (code !== 0) throw new Error(stderr);
}

/** CRDs, permissions and the operator from `manifests/`, as a user would apply them. */
export async function install(cluster: TestCluster): Promise<void> {
  await mkdir(artifacts(cluster));
  // Workers run as this user, and a folder of the node belongs to whoever made it.
  await chown(artifacts(cluster), 65_532, 65_532);
  const operator = (await readFile('manifests/install.yaml', 'utf8'))
    .replace('--hold-down=2m', '--hold-down=5s')
    .replace(`value: "${folderOfManifests}"`, `value: "${artifacts(cluster)}"`);
  await apply(cluster, operator);
  const ready = ['-n', 'retune-system', 'rollout', 'status', 'deployment/retune', '--timeout=60s'];
  const { code, stderr } = await cluster.kubectl(ready);
  if (code !== 0) throw new Error(stderr);
}

/** Pid of the operator in its container, as this machine sees it. */
async function operatorPid(): Promise<number | undefined> {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (words[1] === '/app/dist/cli/main.js' && words[2] === 'operator') return Number(pid);
  }
  return undefined;
}

/** Kills the operator as a machine that loses power would; resolves when its container has been started again. */
export async function killOperator(): Promise<void> {
  const before = await until(operatorPid, 'the operator runs');
  process.kill(before, 'SIGKILL');
  await until(async () => {
    const now = await operatorPid();
    return now !== undefined && now !== before;
  }, 'the operator was started again');
}

/** Takes the operator's pod away without notice; resolves when there is another. The kubelet delays no new pod. */
export async function replaceOperator({ kubectl }: TestCluster): Promise<void> {
  const operators = ['-n', 'retune-system', '-l', 'app.kubernetes.io/name=retune'];
  const names = async () => (await kubectl(['get', 'pods', ...operators, '-o', 'name'])).stdout.trim();
  const before = await names();
  const deleted = await kubectl(['delete', 'pod', ...operators, '--grace-period=0', '--force']);
  if (deleted.code !== 0) throw new Error(deleted.stderr);
  await until(async () => {
    const now = await names();
    return now !== '' && now !== before;
  }, 'there is another operator');
}
