import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The interpreter of a virtual environment with these packages (pip's requirements), made once a machine. */
export async function python(packages: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(packages.join()).digest('hex').slice(0, 12);
  const folder = join(process.env.RETUNE_TEST_CACHE ?? join(homedir(), '.cache/retune-test'), `python-${hash}`);
  const binary = join(folder, 'bin/python');
  if (existsSync(join(folder, 'complete'))) return binary;
  console.error(`installing ${packages.join(', ')} for Python …`);
  await mkdir(folder, { recursive: true });
  await run('python3', ['-m', 'venv', folder]);
  await run(binary, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
  await writeFile(join(folder, 'complete'), '');
  return binary;
}
