import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** A folder that looks like a checkout, with `retune` on the PATH as npm links it; what commands write stays in it. */
export class Checkout {
  readonly folder: string;
  readonly #programs: string;

  private constructor(root: string) {
    this.folder = join(root, 'retune');
    this.#programs = join(root, 'bin');
  }

  /** `programs` are further ones by name: paths of executables. */
  static async make(programs: Record<string, string> = {}): Promise<Checkout> {
    const root = await mkdtemp(join(tmpdir(), 'retune-docs-'));
    const made = new Checkout(root);
    for (const folder of [made.folder, made.#programs, join(root, '.local/bin'), join(root, 'linked')])
      await mkdir(folder, { recursive: true });
    for (const name of await readdir('.')) await symlink(resolve(name), join(made.folder, name));
    // npm's links lead to a file with a first line for env and the right to be run, which sources have not.
    const main = join(root, 'linked', 'retune');
    await writeFile(
      join(made.#programs, 'retune'),
      `#!/bin/sh\nln -sf ${resolve('src/cli/main.ts')} "${dirname(main)}/$(basename "$0")"\n` +
        `exec "${process.execPath}" --no-warnings "${dirname(main)}/$(basename "$0")" "$@"\n`,
    );
    await chmod(join(made.#programs, 'retune'), 0o755);
    for (const [name, path] of Object.entries(programs)) await symlink(path, join(made.#programs, name));
    return made;
  }

  /** Gives `script` to bash, which stops at the first command that fails; ended with all it started after `seconds`. */
  bash(script: string, env: Record<string, string> = {}, seconds = 300): Promise<Ended> {
    const home = dirname(this.folder);
    const path = [this.#programs, join(home, '.local/bin'), dirname(process.execPath), process.env.PATH].join(':');
    const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
      ...{ cwd: this.folder, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
      env: { ...process.env, ...env, HOME: home, PATH: path, NO_COLOR: '1' },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data) => (stdout += data));
    child.stderr.on('data', (data) => (stderr += data));
    const late = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), seconds * 1000);
    return new Promise((done, failed) => {
      child.once('error', failed);
      child.once('close', (code) => {
        clearTimeout(late);
        done({ code: code ?? 1, stdout, stderr });
      });
    });
  }

  remove(): Promise<void> {
    return rm(dirname(this.folder), { recursive: true, force: true });
  }
}
