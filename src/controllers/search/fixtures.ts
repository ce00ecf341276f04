/** A search that needs no cluster: its pods end when a test says so. */
import { apiVersion } from '../../api/common.ts';
import type { HardwareProfile } from '../../api/hardware-profile.ts';
import type { NASSearch, NASSearchSpec } from '../../api/nas-search.ts';
import type { Trial } from '../../api/trial.ts';
import { withDefaults } from '../../api/validate.ts';
import type { Variant } from '../../api/variant.ts';
import { findCondition } from '../../runtime/conditions.ts';
import { decide } from './decide.ts';
import type { SearchSnapshot } from './gather.ts';
import { trialState, variantState } from './measured.ts';

export const startMs = Date.parse('2026-01-01T12:00:00Z');
export const at = new Date(startMs).toISOString();
export const condition = (type: string, status: 'True' | 'False', reason: string) => ({
  ...{ type, status, reason, message: reason, lastTransitionTime: at },
});
export const dimensions = ['depth', 'width', 'kernel'].map((name) => ({ name, choices: [1, 2, 3] }));

export function aSearch(change: Partial<Record<keyof NASSearchSpec, unknown>> = {}): NASSearch {
  const file = (name: string) => ({ uri: `file:///models/${name}` });
  return withDefaults({
    ...{ apiVersion, kind: 'NASSearch', metadata: { name: 'quick', namespace: 'default', uid: 'u', generation: 1 } },
    spec: {
      ...{ model: file('m.onnx'), supernet: file('m.json') },
      data: { heldout: file('h.npz'), calibration: file('c.npz') },
      budget: { maxVariants: 7, parallelism: 2 },
      ...change,
    } as unknown as NASSearchSpec,
  });
}

export const profile = (name: string): HardwareProfile => ({
  ...{ apiVersion, kind: 'HardwareProfile', metadata: { name }, spec: { match: { type: name } } },
  status: {
    conditions: [condition('Ready', 'True', 'Stable'), condition('Probed', 'True', 'Measured')],
  },
});

export const snapshotOf = (search: NASSearch, profiles = ['fast', 'slow'].map(profile)): SearchSnapshot => ({
  ...{ search, variants: [], trials: [], slas: [], profiles },
});

export const derived = (variant: Variant): Variant => {
  const sum = Object.values(variant.spec.candidate.dimensions).reduce((total, choice) => total + choice, 0);
  const value = 0.8 + 0.02 * (sum || 9);
  return {
    ...variant,
    status: {
      artifact: { digest: `sha256:${'0'.repeat(64)}`, uri: 'file:///a', sizeBytes: 1000 + sum },
      quality: { metric: 'Top1', value, low: value, high: value, samples: 1000 },
      dimensions,
      conditions: [condition('Ready', 'True', 'Derived')],
    },
  };
};

export const measured = (trial: Trial, variant: Variant | undefined): Trial => {
  const { dimensions: chosen = {}, precision = 'FP32' } = variant?.spec.candidate ?? {};
  const sum = Object.values(chosen).reduce((total, choice) => total + choice, 0) || 9;
  const ms = sum * (trial.spec.accelerator === 'fast' && precision === 'INT8Static' ? 1 : 3);
  const latency = { p50Ms: ms, p90Ms: ms, p99Ms: ms, p99LowMs: ms, p99HighMs: ms, meanMs: ms, samples: 1000 };
  return { ...trial, status: { latency, conditions: [condition('Succeeded', 'True', 'Measured')] } };
};

/** What a reconcile would do to the cluster: children by name, made once. */
export function applied(snapshot: SearchSnapshot, nowMs: number): SearchSnapshot {
  const { status, variants, trials } = decide(snapshot, nowMs);
  const add = <T extends Variant | Trial>(present: T[], made: T[]) => [
    ...present,
    ...made.filter(({ metadata }) => !present.some((one) => one.metadata.name === metadata.name)),
  ];
  return {
    ...snapshot,
    search: { ...snapshot.search, status },
    variants: add(snapshot.variants, variants),
    trials: add(snapshot.trials, trials),
  };
}

export const reasonOf = ({ search }: SearchSnapshot) => findCondition(search.status?.conditions, 'Succeeded')?.reason;

/** Lets one of the pending children end, the `pick`-th. */
export function finishOne(snapshot: SearchSnapshot, pick: number, measure = measured): SearchSnapshot {
  const variants = snapshot.variants.filter((one) => variantState(one) === 'Pending');
  const trials = snapshot.trials.filter((one) => trialState(one) === 'Pending');
  const all = [...variants, ...trials].map(({ metadata }) => metadata.name);
  const name = all[pick % Math.max(1, all.length)];
  return {
    ...snapshot,
    variants: snapshot.variants.map((one) => (one.metadata.name === name ? derived(one) : one)),
    trials: snapshot.trials.map((one) => {
      const variant = snapshot.variants.find(({ metadata }) => metadata.name === one.spec.variantRef.name);
      return one.metadata.name === name ? measure(one, variant) : one;
    }),
  };
}

/** Runs a search to its end; every child succeeds. */
export function finished(search: NASSearch, derive: (variant: Variant) => Variant = derived): SearchSnapshot {
  return run(snapshotOf(search, [profile('fast')]), derive);
}

/** Goes on from a snapshot until the search has ended. */
export function run(from: SearchSnapshot, derive = derived, measure = measured): SearchSnapshot {
  let snapshot = applied(from, startMs);
  for (let i = 0; i < 80 && !snapshot.search.status?.finished; i++) {
    const next = applied(snapshot, startMs + i);
    const pending = next.variants.find((one) => variantState(one) === 'Pending');
    snapshot = pending
      ? { ...next, variants: next.variants.map((one) => (one === pending ? derive(one) : one)) }
      : finishOne(next, 0, measure);
  }
  return snapshot;
}
