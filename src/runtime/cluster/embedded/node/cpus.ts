import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';

/**
 * The processors of this machine, handed out as the kubelet's static CPU manager does: a pod that asks for whole ones as
 * request and limit has them alone; every other runs on as many of the rest as its limit allows. Done with taskset; where
 * there is none nothing is pinned, and the measurements themselves tell of neighbours.
 */
export class Cpus {
  readonly total = availableParallelism();
  readonly #exclusive = new Map<string, number[]>();
  readonly #sharing = new Map<string, { count: number; cpus: number[]; pid?: number }>();

  /** Processors for a pod: `whole` of them alone, or else up to `limit` shared ones. */
  take(pod: string, whole: number, limit: number): number[] {
    const free = this.#free();
    if (whole > 0 && whole < free.length) {
      this.#exclusive.set(pod, free.slice(-whole));
      this.#spread();
      return this.#exclusive.get(pod) ?? [];
    }
    const count = Math.max(1, Math.min(Math.ceil(limit), this.total));
    this.#sharing.set(pod, { count, cpus: [] });
    this.#spread();
    return this.#sharing.get(pod)?.cpus ?? [];
  }

  /** The process that is to be moved when the shared processors change. */
  attach(pod: string, pid: number): void {
    const sharing = this.#sharing.get(pod);
    if (sharing) sharing.pid = pid;
  }

  release(pod: string): void {
    this.#sharing.delete(pod);
    if (this.#exclusive.delete(pod)) this.#spread();
  }

  #free(): number[] {
    const taken = new Set([...this.#exclusive.values()].flat());
    return Array.from({ length: this.total }, (_, i) => i).filter((cpu) => !taken.has(cpu));
  }

  /** Gives every sharing pod its processors, the least used first, and moves those that must. */
  #spread(): void {
    const use = new Map(this.#free().map((cpu) => [cpu, 0]));
    for (const sharing of this.#sharing.values()) {
      const cpus = [...use]
        .sort(([, a], [, b]) => a - b)
        .slice(0, sharing.count)
        .map(([cpu]) => cpu);
      for (const cpu of cpus) use.set(cpu, (use.get(cpu) ?? 0) + 1);
      if (sharing.pid && cpus.join() !== sharing.cpus.join()) move(sharing.pid, cpus);
      sharing.cpus = cpus.sort();
    }
    move(process.pid, [...use.keys()]);
  }
}

const move = (pid: number, cpus: number[]) =>
  void execFile('taskset', ['-a', '-cp', cpus.join(','), String(pid)], () => undefined);
