import { getHeapStatistics } from 'node:v8';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Controller } from '../runtime/controller.ts';
import { searchMetrics } from './objects/searches.ts';
import { slaMetrics } from './objects/slas.ts';

export type ReconcileOutcome = 'success' | 'requeue_after' | 'requeue' | 'error' | 'terminal';
const outcomes: ReconcileOutcome[] = ['success', 'requeue_after', 'requeue', 'error', 'terminal'];

/** What the operator tells Prometheus of itself. Labels are bounded: controllers and outcomes, never object names. */
export interface OperatorMetrics {
  registry: Registry;
  reconciled(controller: string, outcome: ReconcileOutcome, seconds: number): void;
  queueDepth(controller: string, depth: number): void;
  leading(value: boolean): void;
  /** Seconds since anything was heard on the watch that has been silent for longest. */
  watchAge(read: () => number): void;
  /** Listens to the objects that series are made of, and reconciles nothing. */
  watching: Controller;
}

export function operatorMetrics(controllers: string[], version: string): OperatorMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: 'retune_' });
  const total = new Counter({
    name: 'retune_reconcile_total',
    help: 'Reconciles by controller and outcome.',
    labelNames: ['controller', 'outcome'],
    registers,
  });
  const duration = new Histogram({
    name: 'retune_reconcile_duration_seconds',
    help: 'How long a reconcile took.',
    labelNames: ['controller'],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
    registers,
  });
  const depth = new Gauge({
    name: 'retune_queue_depth',
    help: 'Objects waiting to be reconciled.',
    labelNames: ['controller'],
    registers,
  });
  const leader = new Gauge({ name: 'retune_leader', help: '1 while this replica leads.', registers });
  const build = new Gauge({
    name: 'retune_build_info',
    help: 'What runs: always 1.',
    labelNames: ['version', 'node'],
    registers,
  });
  const heap = new Gauge({
    name: 'retune_nodejs_heap_size_limit_bytes',
    help: 'What the JavaScript heap may grow to: a share of the memory limit of the container.',
    registers,
  });
  heap.set(getHeapStatistics().heap_size_limit);
  build.set({ version, node: process.versions.node }, 1);
  // A series that is missing until something goes wrong can't be alerted upon.
  for (const controller of controllers) {
    for (const outcome of outcomes) total.inc({ controller, outcome }, 0);
  }
  return {
    registry,
    watching: {
      name: 'metrics',
      watches: [...searchMetrics(registry), ...slaMetrics(registry)],
      reconcile: async () => ({}),
    },
    reconciled: (controller, outcome, seconds) => {
      total.inc({ controller, outcome });
      duration.observe({ controller }, seconds);
    },
    queueDepth: (controller, value) => depth.set({ controller }, value),
    leading: (value) => leader.set(value ? 1 : 0),
    watchAge: (read) => {
      new Gauge({
        name: 'retune_watch_last_activity_age_seconds',
        help: 'Seconds since anything was heard on the watch that has been silent for longest.',
        registers,
        collect() {
          this.set(read());
        },
      });
    },
  };
}
