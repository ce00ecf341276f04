import type { Cause } from '../../api/latency-sla.ts';

/** What is known around a violation. Rates in requests a second at one replica. */
export interface Evidence {
  thresholdMs: number;
  /** The threshold of the verdict before, when there was one. */
  previousThresholdMs?: number;
  previousVerdict?: string;
  /** A rollout runs, or ended within the window. */
  settling?: boolean;
  ratePerSecond: number;
  /** The rate while the SLA was last met. */
  lastMetRatePerSecond?: number;
  /** Expected p99 of the active variant at this rate and at none, from its trial on this accelerator. */
  expectedMs?: number;
  unloadedMs?: number;
  capacityPerSecond?: number;
  percentileMs: number;
}

export interface Diagnosis {
  cause: Cause;
  message: string;
}

type Check = (evidence: Evidence) => Diagnosis | undefined;

const one = (value: number) => value.toFixed(1);

/** The SLA itself was tightened since it was last met. */
const tightened: Check = ({ thresholdMs, previousThresholdMs, previousVerdict, percentileMs }) =>
  previousVerdict === 'Met' &&
  previousThresholdMs !== undefined &&
  thresholdMs < previousThresholdMs &&
  percentileMs <= previousThresholdMs
    ? { cause: 'SlaTightened', message: `the threshold went from ${previousThresholdMs} ms to ${thresholdMs} ms` }
    : undefined;

/** Part of the window was answered by another model, or by more replicas than there are. */
const settling: Check = (evidence) =>
  evidence.settling
    ? { cause: 'Unknown', message: 'the window still holds what was there before the rollout' }
    : undefined;

/** More arrives than the active variant was measured to carry within the threshold. */
const overloaded: Check = ({ ratePerSecond, capacityPerSecond, expectedMs, thresholdMs }) => {
  if (capacityPerSecond === undefined || expectedMs === undefined) return undefined;
  if (ratePerSecond < 0.85 * capacityPerSecond && expectedMs <= thresholdMs) return undefined;
  return {
    cause: 'Load',
    message: `${one(ratePerSecond)} requests/s a replica against a measured capacity of ${one(capacityPerSecond)}`,
  };
};

/** Clearly more arrives than when the SLA was last met. */
const grown: Check = ({ ratePerSecond, lastMetRatePerSecond }) =>
  lastMetRatePerSecond !== undefined && ratePerSecond > 1.25 * lastMetRatePerSecond
    ? {
        cause: 'Load',
        message: `${one(ratePerSecond)} requests/s a replica, ${one(lastMetRatePerSecond)} when the SLA was last met`,
      }
    : undefined;

/** The model alone is slower than the threshold, without any load. */
const modelTooSlow: Check = ({ unloadedMs, thresholdMs }) =>
  unloadedMs !== undefined && unloadedMs > thresholdMs
    ? { cause: 'ModelChanged', message: `the active variant takes ${one(unloadedMs)} ms (p99) on an idle replica` }
    : undefined;

/** Slower than it was measured to be at this load: someone takes its CPU, or its limit does. */
const slowedDown: Check = ({ percentileMs, expectedMs }) =>
  expectedMs !== undefined && percentileMs > 2 * expectedMs
    ? {
        cause: 'Throttling',
        message: `p99 is ${one(percentileMs)} ms where ${one(expectedMs)} ms was measured at this load: look at the CPU limit and at neighbours`,
      }
    : undefined;

const checks: Check[] = [
  tightened, // what people did comes before what machines did
  settling, // nothing measured in between says anything of either model
  modelTooSlow, // no load is needed to explain it
  overloaded, // the load curve explains it
  grown, // it came with the load
  slowedDown, // the load curve does not
];

/** Why a window was violated: the first check that explains it. */
export function diagnose(evidence: Evidence): Diagnosis {
  for (const check of checks) {
    const found = check(evidence);
    if (found) return found;
  }
  return { cause: 'Unknown', message: 'nothing measured explains it' };
}
