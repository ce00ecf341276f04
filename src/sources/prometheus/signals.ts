import type { Signals } from '../../core/sla/cause.ts';
import type { Answer } from './answer.ts';
import type { Preset, Selection } from './presets.ts';

/** What is asked beside latency: requests that failed, and what kept the pods from answering. */
export interface Beside {
  failures?: { failed: number; of: number };
  signals: Signals;
}

const selectors = ({ pods, podLabel, namespace }: Selection) => ({
  own: `${podLabel}=~"${pods}"`,
  // The kubelet's own metrics name pods in their own way, whatever the user's do.
  kubelet: `namespace="${namespace}",pod=~"${pods}"`,
});

/** Each expression has one value, which comes back with its name. */
function expressions(
  { requests, matchers }: Pick<Preset, 'requests' | 'matchers'>,
  selection: Selection,
  seconds: number,
) {
  const { own, kubelet } = selectors(selection);
  const over = (name: string, matcher: string) => `${name}{${matcher}}[${seconds}s]`;
  const either = (ours: string, theirs: string) =>
    `avg(rate(${over(ours, own)})) or avg(rate(${over(theirs, kubelet)}))`;
  const counted =
    requests &&
    matchers(selection).map((matcher) => ({
      all: `increase(${requests.counter}{${matcher}}[${seconds}s])`,
      failed: `increase(${requests.counter}{${matcher},${requests.failed}}[${seconds}s])`,
    }));
  const sum = (which: 'all' | 'failed') => `sum(${(counted ?? []).map((one) => one[which]).join(' or ')})`;
  return {
    throttled: either('retune_cpu_throttled_seconds_total', 'container_cpu_cfs_throttled_seconds_total'),
    waiting: either('retune_cpu_wait_seconds_total', 'container_pressure_cpu_waiting_seconds_total'),
    elements: `sum(increase(${over('retune_request_input_elements_total', own)})) / sum(increase(${over('retune_requests_total', own)}))`,
    ...(counted && { all: sum('all'), failed: sum('failed') }),
  };
}

const label = 'retune';

/** One query for all of them: a vector of values that carry their names in a label. */
export const besideQuery = (
  preset: Pick<Preset, 'requests' | 'matchers'>,
  selection: Selection,
  seconds: number,
): string =>
  Object.entries(expressions(preset, selection, seconds))
    .map(([name, expression]) => `label_replace(${expression}, "${label}", "${name}", "", "")`)
    .join(' or ');

/** What of it there was an answer to. */
export function besideOf({ data }: Answer): Beside {
  const values = new Map(data.result.map(({ metric, value }) => [metric[label], Number(value?.[1] ?? Number.NaN)]));
  const of = (name: string) => {
    const found = values.get(name);
    return found !== undefined && Number.isFinite(found) ? found : undefined;
  };
  const all = of('all');
  return {
    // A counter of failures that was never counted has no series.
    ...(all !== undefined && { failures: { failed: of('failed') ?? 0, of: all } }),
    signals: { throttledShare: of('throttled'), waitShare: of('waiting'), elementsPerRequest: of('elements') },
  };
}
