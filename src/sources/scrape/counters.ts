import type { Signals } from '../../core/sla/cause.ts';
import { counterSum } from './exposition.ts';

/** Counters of `retune serve` that are read beside its histogram; a server that has none has none of these. */
export interface Counters {
  requests?: number;
  failed?: number;
  throttledSeconds?: number;
  waitedSeconds?: number;
  elements?: number;
}

const isFailure = (labels: string) => /(?:^|,)code="5\d\d"/.test(labels);

export const countersIn = (text: string): Counters => ({
  requests: counterSum(text, 'retune_requests_total'),
  failed: counterSum(text, 'retune_requests_total', isFailure),
  throttledSeconds: counterSum(text, 'retune_cpu_throttled_seconds_total'),
  waitedSeconds: counterSum(text, 'retune_cpu_wait_seconds_total'),
  elements: counterSum(text, 'retune_request_input_elements_total'),
});

/** What was counted on one pod in `seconds`; a counter that went back was reset by a restart. */
export interface Counted {
  from: Counters;
  to: Counters;
  seconds: number;
}

const names = ['requests', 'failed', 'throttledSeconds', 'waitedSeconds', 'elements'] as const;

function growth({ from, to }: Counted): Counters {
  const grown = (name: keyof Counters) => {
    const [before = 0, now] = [from[name], to[name]];
    if (now === undefined) return undefined;
    return now < before ? now : now - before;
  };
  return Object.fromEntries(names.map((name) => [name, grown(name)]));
}

/** Failures and signals of all pods together; shares are means over pods. */
export function besideLatency(pods: readonly Counted[]): {
  failures?: { failed: number; of: number };
  signals: Signals;
} {
  const all = pods.map((pod) => ({ ...growth(pod), seconds: pod.seconds }));
  const sum = (name: keyof Counters) => {
    const known = all.flatMap((pod) => pod[name] ?? []);
    return known.length > 0 ? known.reduce((total, value) => total + value, 0) : undefined;
  };
  const share = (name: 'throttledSeconds' | 'waitedSeconds') => {
    const known = all.flatMap(({ [name]: spent, seconds }) =>
      spent === undefined || seconds <= 0 ? [] : spent / seconds,
    );
    return known.length > 0 ? known.reduce((total, value) => total + value, 0) / known.length : undefined;
  };
  const [requests, elements] = [sum('requests'), sum('elements')];
  return {
    ...(requests !== undefined && { failures: { failed: sum('failed') ?? 0, of: requests } }),
    signals: {
      throttledShare: share('throttledSeconds'),
      waitShare: share('waitedSeconds'),
      ...(requests && elements !== undefined && { elementsPerRequest: elements / requests }),
    },
  };
}
