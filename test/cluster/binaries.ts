import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './process.ts';

export const cache = process.env.RETUNE_TEST_CACHE ?? join(homedir(), '.cache/retune-test');
const module = fileURLToPath(new URL('./go', import.meta.url));
const version = 'v1.35.4';
const kubernetes = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy', 'kubelet', 'kubectl'];

/** Folder with the programs of a Kubernetes cluster, built from source once a machine. */
export async function binaries(say: (line: string) => void): Promise<string> {
  const sources = await Promise.all(
    ['go.mod', 'go.sum', 'etcd/main.go'].map((file) => readFile(join(module, file), 'utf8')),
  );
  const hash = createHash('sha256')
    .update(sources.join('\0') + version)
    .digest('hex')
    .slice(0, 12);
  const folder = join(cache, `kubernetes-${hash}`);
  if (existsSync(join(folder, 'complete'))) return folder;
  await mkdir(folder, { recursive: true });
  const stamp = ['gitVersion', 'gitMajor', 'gitMinor'].map((name, i) => {
    return `-X k8s.io/component-base/version.${name}=${[version, '1', '35'][i]}`;
  });
  const build = (name: string, source: string) =>
    run('go', ['build', '-trimpath', '-ldflags', `-s -w ${stamp.join(' ')}`, '-o', join(folder, name), source], {
      cwd: module,
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod' },
    });
  for (const name of kubernetes) {
    say(`building ${name} from source (all of them: about 7 minutes, once a machine)`);
    await build(name, `k8s.io/kubernetes/cmd/${name}`);
  }
  say('building etcd');
  await build('etcd', './etcd');
  await writeFile(join(folder, 'complete'), '');
  return folder;
}
