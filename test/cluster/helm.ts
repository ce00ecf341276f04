import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cache } from './binaries.ts';
import { moduleFolder } from './modules.ts';
import { run } from './process.ts';

const module = 'helm.sh/helm/v3@v3.22.0';
const program = join(cache, `helm-${module.split('@')[1]}`);

/** Path of helm where it has been built on this machine; undefined elsewhere. */
export const builtHelm = (): string | undefined => (existsSync(program) ? program : undefined);

/** Helm, built from its module once a machine: about three minutes of two processors. Needs Go. */
export async function helm(say: (line: string) => void): Promise<string> {
  if (existsSync(program)) return program;
  say('building helm from source (about 3 minutes, once a machine)');
  await mkdir(cache, { recursive: true });
  const built = `${program}.${process.pid}`;
  await run('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', built, './cmd/helm'], {
    cwd: await moduleFolder(module),
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
  });
  await rename(built, program);
  return program;
}
