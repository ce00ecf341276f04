import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './process.ts';

/** The folder of a Go module's sources, `module@version`, downloaded once a machine and verified by Go's checksums. */
export async function moduleFolder(module: string): Promise<string> {
  // Outside of any module, so that none is changed by what is asked for.
  const cwd = await mkdtemp(join(tmpdir(), 'retune-module-'));
  try {
    const answer = await run('go', ['mod', 'download', '-json', module], { cwd });
    return (JSON.parse(answer) as { Dir: string }).Dir;
  } finally {
    await rm(cwd, { recursive: true });
  }
}
