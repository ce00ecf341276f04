import { execFile, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** Runs a program to its end. Throws with what it said when it fails. */
export async function run(
  program: string,
  args: string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<string> {
  try {
    const { stdout } = await exec(program, args, { maxBuffer: 64 * 2 ** 20, ...options });
    return stdout;
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw new Error(`${program} ${args.join(' ')}: ${stderr.slice(-2000) || message}`, { cause: error });
  }
}

export const succeeds = (program: string, args: string[]) =>
  run(program, args).then(
    () => true,
    () => false,
  );

/** Programs that run beside the tests; ended in the opposite order of their start, by pid. */
export class Processes {
  readonly #folder: string;
  readonly #running: { name: string; pid: number; exited: Promise<void> }[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  start(name: string, program: string, args: string[], env: NodeJS.ProcessEnv = {}): void {
    const log = openSync(join(this.#folder, `${name}.log`), 'a');
    // Ended by the kernel when the tests are, however they end.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...env },
    });
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    this.#running.push({ name, pid: child.pid ?? 0, exited });
  }

  /** Waits until `check` holds; says what the program logged when it does not in time. */
  async until(name: string, check: () => Promise<boolean>, seconds = 60): Promise<void> {
    let gone = false;
    void this.#running.find((one) => one.name === name)?.exited.then(() => (gone = true));
    for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline && !gone; await sleep(250)) {
      if (await check().catch(() => false)) return;
    }
    const log = await readFile(join(this.#folder, `${name}.log`), 'utf8').catch(() => '');
    const how = gone ? 'ended' : `was not ready within ${seconds} s`;
    throw new Error(`${name} ${how}; its log ends:\n${log.slice(-3000)}`);
  }

  async stop(name?: string): Promise<void> {
    for (const one of this.#running.filter((started) => !name || started.name === name).reverse()) {
      this.#running.splice(this.#running.indexOf(one), 1);
      try {
        process.kill(one.pid, 'SIGTERM');
      } catch {
        continue;
      }
      const late = setTimeout(() => process.kill(one.pid, 'SIGKILL'), 10_000);
      await one.exited;
      clearTimeout(late);
    }
  }
}
