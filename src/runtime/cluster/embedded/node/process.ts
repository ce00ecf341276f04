import { spawn, spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';

export interface ContainerProcess {
  pid: number;
  exited: Promise<{ code: number; signal?: string }>;
  /** SIGTERM, and SIGKILL to all it has started after the grace period. */
  stop(graceMs: number): Promise<void>;
}

const known = new Map<string, boolean>();

/** Whether a program of util-linux is here; macOS has none of them. */
function has(program: string): boolean {
  const found = known.get(program) ?? spawnSync(program, ['--version']).status === 0;
  known.set(program, found);
  return found;
}

/** The command on its processors, and ended by the kernel when this process dies, however it dies. */
function wrapped(command: string[], cpus: number[]): string[] {
  const pinned = cpus.length > 0 && has('taskset') ? ['taskset', '-c', cpus.join(','), ...command] : command;
  return has('setpriv') ? ['setpriv', '--pdeathsig', 'KILL', ...pinned] : pinned;
}

/** Starts a command in a process group of its own, on the given processors, its output in a file. */
export function startProcess(options: {
  command: string[];
  env: Record<string, string>;
  cpus: number[];
  logFile: string;
}): ContainerProcess {
  const { command, env, cpus, logFile } = options;
  const [program = '', ...args] = wrapped(command, cpus);
  const log = openSync(logFile, 'a');
  const child = spawn(program, args, { env, detached: true, stdio: ['ignore', log, log] });
  const exited = new Promise<{ code: number; signal?: string }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code: code ?? 137, signal: signal ?? undefined }));
    child.once('error', () => resolve({ code: 127 }));
  });
  const kill = (signal: NodeJS.Signals) => {
    try {
      // The group: a worker's own children must not outlive it.
      if (child.pid) process.kill(signal === 'SIGTERM' ? child.pid : -child.pid, signal);
    } catch {
      // It has ended by itself.
    }
  };
  return {
    pid: child.pid ?? 0,
    exited,
    async stop(graceMs) {
      kill('SIGTERM');
      const timer = setTimeout(() => kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
