/** Some seconds in the life of an operator: objects as its watches hear of them, and what it does. */
import { apiVersion } from '../../src/api/common.ts';
import type { HardwareProfile } from '../../src/api/hardware-profile.ts';
import type { LatencySLA, LatencySLAStatus } from '../../src/api/latency-sla.ts';
import type { NASSearch, NASSearchSpec } from '../../src/api/nas-search.ts';
import type { Trial, TrialSpec } from '../../src/api/trial.ts';
import { withDefaults } from '../../src/api/validate.ts';
import { anSla } from '../../src/controllers/sla/fixtures.ts';
import type { OperatorMetrics } from '../../src/observe/operator-metrics.ts';
import type { ApiObject } from '../../src/runtime/cluster/cluster.ts';

export const controllers = ['nassearch', 'trial', 'latencysla'];
export const steps = 12;

const namespace = 'shop';
const file = (name: string) => ({ uri: `file:///models/${name}` });
const at = (step: number) => new Date(Date.parse('2026-01-01T12:00:00Z') + step * 1000).toISOString();
const condition = (type: string, status: 'True' | 'False' | 'Unknown', reason: string) => ({
  ...{ type, status, reason, message: reason, lastTransitionTime: at(0) },
});

function search(name: string, step: number, state: ReturnType<typeof condition>): NASSearch {
  const found = [
    { variant: 'base', quality: 0.9, p99Ms: 20 },
    { variant: 'slim', quality: 0.88, p99Ms: 9 },
  ].slice(0, 1 + Math.floor(step / 4));
  const front = found.map((point) => ({
    ...{ ...point, p50Ms: point.p99Ms / 2, p99LowMs: point.p99Ms, p99HighMs: point.p99Ms },
    ...{ sizeBytes: 1e6, label: point.variant },
  }));
  const made = withDefaults<NASSearch>({
    ...{ apiVersion, kind: 'NASSearch', metadata: { name, namespace, creationTimestamp: at(0) } },
    spec: { model: file('m.onnx'), data: { heldout: file('h.npz') }, budget: { maxVariants: 24 } } as NASSearchSpec,
  });
  const cpu = { name: 'cpu', trials: 12 + step, skipped: step, hypervolume: 10 + step, front, recommended: 'base' };
  return { ...made, status: { conditions: [state], accelerators: [cpu] } };
}

/** Measured a step after it was made, and far from its forecast. */
function trial(number: number, step: number): Trial {
  const made: Trial = {
    ...{ apiVersion, kind: 'Trial', metadata: { name: `tiny-${number}`, namespace } },
    spec: {
      ...{ searchRef: { name: 'tiny' }, variantRef: { name: 'slim' }, baselineRef: { name: 'base' } },
      ...{ accelerator: 'cpu', expected: { ms: 16, lowMs: 14, highMs: 18 } },
    } as TrialSpec,
    status: { conditions: [condition('Succeeded', 'Unknown', 'Measuring')] },
  };
  if (step === number) return made;
  const p99Ms = number % 4 === 0 ? 15 : 10;
  const latency = { p50Ms: 5, p90Ms: 8, p99Ms, p99LowMs: 9, p99HighMs: 16, meanMs: 5, samples: 1000 };
  const conditions = [condition('Succeeded', 'True', 'Measured')];
  return { ...made, status: { conditions, latency, measuredSeconds: 4, overheadSeconds: 7 } };
}

function named(name: string, status: LatencySLAStatus): LatencySLA {
  const sla = anSla({}, status);
  return { ...sla, metadata: { ...sla.metadata, name, namespace } };
}

/** Load is answered by a variant; then its pods are throttled, and two more variants do not help. */
function web(step: number): LatencySLA {
  const events = (
    [
      [5, 'Promoted'],
      [7, 'RolledBack'],
      [9, 'RolledBack'],
    ] as const
  ).filter(([when]) => when <= step);
  const [violated, cause] = [step >= 2 && step !== 5, step < 5 ? ('Load' as const) : ('Throttling' as const)];
  const [seconds, requests, burnRate] = [3600, 1000, violated ? 20 : 0.5];
  return named('web', {
    conditions: [condition('Drift', step > 8 ? 'True' : 'False', 'Slower')],
    verdict: violated ? 'Violated' : 'Met',
    cause: violated ? cause : 'None',
    measured: { percentileMs: violated ? 70 : 30, samples: 900, ratePerSecond: 30 + step, at: at(step) },
    errorBudget: {
      ...{ of: 'P99 50ms', periodSeconds: 2_592_000, seenSeconds: 3600 + step, left: 0.5 - step / 10 },
      ...(violated && { burning: 'Fast' as const }),
      windows: [300, seconds].map((length) => ({ seconds: length, requests, slow: burnRate * 10, burnRate })),
    },
    ...{ activeVariant: step < 5 ? 'base' : 'slim', accelerator: 'cpu' },
    ...(violated && { rollout: { variant: 'slim', step: 'Comparing' } as LatencySLAStatus['rollout'] }),
    history: events.map(([when, event]) => ({ at: at(when), event, reason: event, message: event })),
  });
}

const leak = named('leak', {
  ...{ conditions: [], verdict: 'Met', cause: 'None', activeVariant: 'base', accelerator: 'cpu' },
  errorBudget: { of: 'P99 50ms', periodSeconds: 2_592_000, seenSeconds: 1e6, left: 0.1, burning: 'Slow', windows: [] },
});
const quiet = named('quiet', { conditions: [], verdict: 'NoData' });
const profile: HardwareProfile = {
  ...{ apiVersion, kind: 'HardwareProfile', metadata: { name: 'cpu' }, spec: { match: { type: 'cpu' } } },
  status: { nodeCount: 2, conditions: [] },
};

/** One second, from 0 to `steps`. */
export function live(metrics: OperatorMetrics, step: number): void {
  const hear = (object: ApiObject & { kind: string }) => {
    const watched = metrics.watching.watches.find(({ type }) => type.kind === object.kind);
    if (!watched) throw new Error(`nobody watches ${object.kind}`);
    watched.map(object, step === 0 ? 'Added' : 'Modified');
  };
  hear(profile);
  hear(search('tiny', step, condition('Succeeded', 'Unknown', 'Searching')));
  hear(search('old', step, condition('Succeeded', 'True', 'Completed')));
  hear(search('broken', 0, condition('Succeeded', 'False', 'BaseFailed')));
  for (let number = 0; number <= step; number++) hear(trial(number, step));
  for (const sla of [web(step), leak, quiet]) hear(sla);
  metrics.leading(true);
  for (const [i, controller] of controllers.entries()) {
    for (let n = 0; n < 4; n++) metrics.reconciled(controller, 'success', 0.01);
    metrics.reconciled(controller, 'requeue_after', 0.2);
    metrics.queueDepth(controller, step + i);
  }
  metrics.reconciled('trial', 'error', 0.1);
}
