import { readdirSync, readFileSync } from 'node:fs';
import { Counter, type Registry } from 'prom-client';
import { throttledUs } from '../runtime/cgroup.ts';

const tasks = '/proc/self/task';

/** Seconds that each thread of this process was ready to run and had no processor, by its number (schedstat). */
function waits(): Map<string, number> {
  const found = new Map<string, number>();
  try {
    for (const thread of readdirSync(tasks)) {
      const [, waited = '0'] = readFileSync(`${tasks}/${thread}/schedstat`, 'utf8').split(' ');
      found.set(thread, Number(waited) / 1e9);
    }
  } catch {
    // No such files here, or a thread that has just ended: what was read counts.
  }
  return found;
}

/**
 * What keeps requests waiting that is not the model: the pod's own CPU limit, and others on its processors. Counters in
 * seconds; the first stays 0 where there is no cgroup to ask.
 */
export function pressureMetrics(registry: Registry): void {
  const registers = [registry];
  let throttledBefore = 0;
  new Counter({
    name: 'retune_cpu_throttled_seconds_total',
    help: "Time that this container's threads stood still at its CPU limit.",
    registers,
    collect() {
      const throttled = (throttledUs() ?? 0) / 1e6;
      this.inc(Math.max(0, throttled - throttledBefore));
      throttledBefore = Math.max(throttled, throttledBefore);
    },
  });
  let before = new Map<string, number>();
  new Counter({
    name: 'retune_cpu_wait_seconds_total',
    help: 'Time that threads of this server were ready to run and had no processor, summed over threads.',
    registers,
    collect() {
      const now = waits();
      for (const [thread, waited] of now) this.inc(Math.max(0, waited - (before.get(thread) ?? 0)));
      before = now;
    },
  });
}
