import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cache } from './binaries.ts';
import { moduleFolder } from './modules.ts';
import { run } from './process.ts';

const version = 'v3.22.0';
const program = join(cache, `helm-${version}`);

/** What helm's own Makefile stamps: its version, and the Kubernetes that it takes for the cluster's where it asks none. */
const stamps = {
  'internal/version.version': version,
  'pkg/lint/rules.k8sVersionMajor': '1',
  'pkg/lint/rules.k8sVersionMinor': '35',
  'pkg/chartutil.k8sVersionMajor': '1',
  'pkg/chartutil.k8sVersionMinor': '35',
};

/** Path of helm where it has been built on this machine; undefined elsewhere. */
export const builtHelm = (): string | undefined => (existsSync(program) ? program : undefined);

/** Helm, built from its module once a machine: about three minutes of two processors. Needs Go. */
export async function helm(say: (line: string) => void): Promise<string> {
  if (existsSync(program)) return program;
  say('building helm from source (about 3 minutes, once a machine)');
  await mkdir(cache, { recursive: true });
  const built = `${program}.${process.pid}`;
  const stamped = Object.entries(stamps).map(([name, value]) => `-X helm.sh/helm/v3/${name}=${value}`);
  await run('go', ['build', '-trimpath', '-ldflags', ['-s -w', ...stamped].join(' '), '-o', built, './cmd/helm'], {
    cwd: await moduleFolder(`helm.sh/helm/v3@${version}`),
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
  });
  await rename(built, program);
  return program;
}
