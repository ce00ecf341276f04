import { spawn } from 'node:child_process';

export interface Execution {
  command: string[];
  env: NodeJS.ProcessEnv;
  limitMs: number;
  /** What it prints on standard output, as it comes. */
  onOutput?: (text: string) => void;
}

export interface Ended {
  /** null where a signal ended it. */
  code: number | null;
  /** The last 64 Ki characters of each. */
  stdout: string;
  stderr: string;
  timedOut: boolean;
}

const mostCharacters = 64 * 1024;
/** A process that has left the group may hold its pipes open for ever: they are read no longer than this. */
const drainMs = 1000;

/**
 * Runs a program of the user's to its end or to its limit. It has a process group of its own, and what is left of the
 * group ends with it, or with this process when that is asked to end. Rejects when it can't be started.
 */
export function execute({ command: [program = '', ...args], env, limitMs, onOutput }: Execution): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const ended: Ended = { code: null, stdout: '', stderr: '', timedOut: false };
    const endGroup = () => {
      try {
        if (child.pid) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // Nothing is left of it.
      }
    };
    const terminated = () => {
      endGroup();
      process.exit(143);
    };
    const timer = setTimeout(() => {
      ended.timedOut = true;
      endGroup();
    }, limitMs);
    let draining: NodeJS.Timeout | undefined;
    const settle = () => {
      clearTimeout(timer);
      clearTimeout(draining);
      process.off('SIGTERM', terminated);
    };
    process.once('SIGTERM', terminated);
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        ended[name] = (ended[name] + text).slice(-mostCharacters);
        if (name === 'stdout') onOutput?.(text);
      });
    }
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('exit', () => {
      endGroup();
      draining = setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
      }, drainMs);
    });
    child.once('close', (code) => {
      settle();
      resolve({ ...ended, code });
    });
  });
}

/** The part of this process's environment that a program needs to run at all: not the worker's own task. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, LANG, TMPDIR } = process.env;
  return { PATH, HOME, LANG, TMPDIR };
}
