import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const cache = process.env.RETUNE_TEST_CACHE ?? join(homedir(), '.cache/retune-test');
const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** A folder of the test cache that `make` fills once a machine. It gets its name when it is whole, so none is half made. */
async function once(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const making = await mkdtemp(`${folder}.`);
  try {
    await make(making);
    await rename(making, folder).catch((error: unknown) => {
      // Another process was faster; what it made is the same.
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return folder;
}

/** The Python of a virtual environment with these packages (`name==version`), made once a machine. */
export async function python(packages: readonly string[]): Promise<string> {
  const folder = await once(`python-${hash(packages.join())}`, async (made) => {
    console.error(`installing ${packages.join(', ')} …`);
    await run('python3', ['-m', 'venv', made]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    await run(join(made, 'bin/python'), [...pip, ...packages]);
  });
  return join(folder, 'bin/python');
}

/**
 * The folder that `prepare.py` of an example fills with its model and data, run once a machine and again when a script
 * of the example changes. Arguments make it smaller than a user would have it.
 */
export async function prepared(example: string, args: string[] = []): Promise<string> {
  const folder = resolve('examples', example);
  const sources = [...globSync('examples/*.py'), ...globSync(`examples/${example}/*.{py,txt}`)].sort();
  const texts = await Promise.all(sources.map((path) => readFile(path, 'utf8')));
  const requirements = await readFile(join(folder, 'requirements.txt'), 'utf8');
  const binary = await python(requirements.split('\n').filter(Boolean));
  return once(`${example}-${hash([...args, ...texts].join('\0'))}`, async (made) => {
    console.error(`preparing examples/${example} …`);
    await run(binary, [join(folder, 'prepare.py'), made, ...args]);
  });
}
