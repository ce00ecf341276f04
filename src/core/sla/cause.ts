import type { Cause } from '../../api/latency-sla.ts';

/** What can be seen of the pods beside their latencies; what nobody measures there is absent. */
export interface Signals {
  /** Seconds in a second that a replica stood still at its CPU limit. */
  throttledShare?: number;
  /** Seconds in a second that threads of a replica were ready to run and had no processor. */
  waitShare?: number;
  /** Elements of the input tensors of a request, on average. */
  elementsPerRequest?: number;
}

/** How things were when the SLA was last met. */
export interface Known {
  ratePerSecond: number;
  elementsPerRequest?: number;
  modelUri?: string;
  accelerator?: string;
  /** Of the accelerator's profile: counts what its machines were found to be. */
  generation?: number;
}

/** What is known around a violation. Rates in requests a second at one replica. */
export interface Evidence extends Known {
  thresholdMs: number;
  /** The threshold of the verdict before, when there was one. */
  previousThresholdMs?: number;
  previousVerdict?: string;
  /** A rollout runs, or ended within the window. */
  settling?: boolean;
  /** What is served is a variant of the search, or its base. */
  isKnownModel?: boolean;
  lastMet?: Known;
  /** Expected p99 of the active variant at this rate and at none, from its trial on this accelerator. */
  expectedMs?: number;
  unloadedMs?: number;
  capacityPerSecond?: number;
  percentileMs: number;
  signals?: Signals;
}

export interface Diagnosis {
  cause: Cause;
  /** The evidence, and what a person can do about it where Retune can't. */
  message: string;
}

type Check = (evidence: Evidence) => Diagnosis | undefined;

const one = (value: number) => value.toFixed(1);
const percent = (share: number) => `${(100 * share).toFixed(0)}%`;

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

/** Somebody serves another model now. */
const replaced: Check = ({ modelUri, isKnownModel, lastMet }) => {
  if (!lastMet?.modelUri || modelUri === undefined || modelUri === lastMet.modelUri) return undefined;
  const known = isKnownModel ? '' : ', which the search does not know: name it as spec.model of a new NASSearch';
  return { cause: 'ModelChanged', message: `${modelUri} is served since ${lastMet.modelUri} met the SLA${known}` };
};

/** The model alone is slower than the threshold, without any load. */
const modelTooSlow: Check = ({ unloadedMs, thresholdMs }) =>
  unloadedMs !== undefined && unloadedMs > thresholdMs
    ? { cause: 'ModelChanged', message: `the active variant takes ${one(unloadedMs)} ms (p99) on an idle replica` }
    : undefined;

/** The pods are on machines of another kind now. */
const moved: Check = ({ accelerator, generation, lastMet }) => {
  if (!lastMet?.accelerator || !accelerator) return undefined;
  if (accelerator !== lastMet.accelerator) {
    return {
      cause: 'HardwareChanged',
      message: `the pods run on ${accelerator}, and on ${lastMet.accelerator} before`,
    };
  }
  if (generation === undefined || lastMet.generation === undefined || generation === lastMet.generation)
    return undefined;
  return {
    cause: 'HardwareChanged',
    message: `the machines of ${accelerator} are of generation ${generation}, and were of ${lastMet.generation} before`,
  };
};

/** More arrives than the active variant was measured to carry within the threshold. */
const overloaded: Check = ({ ratePerSecond, capacityPerSecond, expectedMs, thresholdMs }) => {
  if (capacityPerSecond === undefined || expectedMs === undefined) return undefined;
  if (ratePerSecond < 0.85 * capacityPerSecond && expectedMs <= thresholdMs) return undefined;
  return {
    cause: 'Load',
    message: `${one(ratePerSecond)} requests/s a replica against a measured capacity of ${one(capacityPerSecond)}`,
  };
};

/** From here on a limit or a neighbour is felt in the tail. */
const [mostThrottled, mostWaiting] = [0.05, 0.1];

/** The pods stand at their CPU limit, and load alone does not explain it. */
const throttled: Check = ({ signals: { throttledShare = 0 } = {} }) =>
  throttledShare > mostThrottled
    ? {
        cause: 'Throttling',
        message: `replicas stand at their CPU limit ${percent(throttledShare)} of the time: a smaller model hides that at best, raise resources.limits.cpu`,
      }
    : undefined;

/** Requests ask for clearly more than they did. */
const larger: Check = ({ signals, lastMet }) => {
  const [now, before] = [signals?.elementsPerRequest, lastMet?.elementsPerRequest];
  if (!now || !before || now < 1.2 * before) return undefined;
  return {
    cause: 'InputChanged',
    message: `a request has ${Math.round(now)} input elements on average, and had ${Math.round(before)} when the SLA was last met: variants were measured with others, bring spec.workload of the search up to date`,
  };
};

/** Clearly more arrives than when the SLA was last met. */
const grown: Check = ({ ratePerSecond, lastMet }) =>
  lastMet !== undefined && ratePerSecond > 1.25 * lastMet.ratePerSecond
    ? {
        cause: 'Load',
        message: `${one(ratePerSecond)} requests/s a replica, ${one(lastMet.ratePerSecond)} when the SLA was last met`,
      }
    : undefined;

/** Others run on the processors that the pods run on. */
const crowded: Check = ({ signals: { waitShare = 0 } = {} }) =>
  waitShare > mostWaiting
    ? {
        cause: 'NoisyNeighbour',
        message: `threads of a replica wait for a processor ${percent(waitShare)} of the time: give the pods whole CPUs of their own (requests equal to limits), or move what runs beside them`,
      }
    : undefined;

/** Slower than it was measured to be at this load, and nothing that was looked at says why. */
const slowedDown: Check = ({ percentileMs, expectedMs, signals }) => {
  if (expectedMs === undefined || percentileMs <= 2 * expectedMs) return undefined;
  const slower = `p99 is ${one(percentileMs)} ms where ${one(expectedMs)} ms was measured at this load`;
  const looked = signals?.throttledShare !== undefined && signals.waitShare !== undefined;
  return looked
    ? { cause: 'Unknown', message: `${slower}, and neither the CPU limit nor neighbours explain it` }
    : {
        cause: 'Throttling',
        message: `${slower}: look at the CPU limit and at neighbours, which nothing measures here`,
      };
};

const checks: Check[] = [
  tightened, // what people did comes before what machines did
  settling, // nothing measured in between says anything of either model
  replaced,
  modelTooSlow, // no load is needed to explain it
  moved, // curves are of the machines before
  overloaded, // the load curve explains it
  throttled,
  larger,
  grown, // it came with the load
  crowded, // load makes threads wait for each other too
  slowedDown, // the load curve does not explain it
];

/** Why a window was violated: the first check that explains it. */
export function diagnose(evidence: Evidence): Diagnosis {
  for (const check of checks) {
    const found = check(evidence);
    if (found) return found;
  }
  return { cause: 'Unknown', message: 'nothing measured explains it' };
}
