/** The operator as a process in a cgroup of its own: what a container runtime makes of it. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const hierarchies = '/sys/fs/cgroup';

export interface MemoryGroup {
  folder: string;
  /** The process in it; undefined when there is none any more. */
  pid(): Promise<number | undefined>;
  /** Processes that the kernel ended for being above the limit. */
  killed(): Promise<number>;
  remove(): Promise<void>;
}

/** A cgroup, of v1 or v2, that holds at most `limitBytes` of memory. */
export async function memoryGroup(name: string, limitBytes: number | undefined): Promise<MemoryGroup> {
  const v1 = existsSync(join(hierarchies, 'memory/cgroup.procs'));
  const folder = join(hierarchies, v1 ? 'memory' : '', name);
  await mkdir(folder, { recursive: true });
  if (limitBytes !== undefined) {
    await writeFile(join(folder, v1 ? 'memory.limit_in_bytes' : 'memory.max'), String(limitBytes));
  }
  return {
    folder,
    async pid() {
      const [first = ''] = (await readFile(join(folder, 'cgroup.procs'), 'utf8')).split('\n');
      return first ? Number(first) : undefined;
    },
    async killed() {
      const events = await readFile(join(folder, v1 ? 'memory.oom_control' : 'memory.events'), 'utf8');
      return Number(/^oom_kill (\d+)/m.exec(events)?.[1] ?? 0);
    },
    async remove() {
      for (let tries = 0; tries < 20; tries++) {
        if (
          await rmdir(folder).then(
            () => true,
            () => false,
          )
        )
          return;
        await sleep(250);
      }
    },
  };
}

/** The command that runs `program` in a cgroup; it keeps the process id of the shell that enters it. */
export const inGroup = ({ folder }: MemoryGroup, program: readonly string[]): [program: string, args: string[]] => [
  'sh',
  ['-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', folder, ...program],
];

/** Bytes that a process has in memory now, and the most that it ever had. */
export async function resident(pid: number): Promise<{ bytes: number; peakBytes: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const of = (field: string) => 1024 * Number(new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]);
  return { bytes: of('VmRSS'), peakBytes: of('VmHWM') };
}

/** Samples of a Prometheus exposition, a line each. */
export class Samples {
  readonly text: string;
  readonly #lines: string[];

  constructor(text: string) {
    this.text = text;
    this.#lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  }

  get series(): number {
    return this.#lines.length;
  }

  /** The sum of the samples of a metric whose labels contain `labels`. */
  sum(metric: string, labels = ''): number {
    return this.#lines
      .filter((line) => (line.startsWith(`${metric}{`) || line.startsWith(`${metric} `)) && line.includes(labels))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  /** How many samples a metric has. */
  count(metric: string): number {
    return this.#lines.filter((line) => line.startsWith(`${metric}{`)).length;
  }

  /** How many objects have series of their own, by the label that names them beside their namespace. */
  objects(label: string): number {
    const named = new RegExp(`[{,]namespace="([^"]*)".*[{,]${label}="([^"]*)"`);
    return new Set(this.#lines.flatMap((line) => named.exec(line)?.slice(1, 3).join('/') ?? [])).size;
  }
}
