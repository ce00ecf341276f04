import { lossOf } from '../../../../src/core/quality/metric.ts';
import { rateWithin } from '../../../../src/core/sla/headway.ts';
import { type LoadHistory, nearLoad, remember } from '../../../../src/core/sla/near-load.ts';
import type { SimulatedCluster } from '../cluster.ts';
import { toFinalist } from '../finalist.ts';
import type { MeasuredVariant } from '../front.ts';
import { isReady, type Pod } from '../pods.ts';
import type { Policy } from '../simulate.ts';

const adaptSeconds = 30;
/** How far ahead the load is looked for: an adaptation and the start of a pod. */
const leadSeconds = 60;
/** The forecast is taken to be too low by so much. */
const forecastMargin = 1.1;
/** So many times in a row less load must be forecast before anything is taken away. */
const patience = 3;

/** What quality is weighed against, in points of it: all pods that there may be, and loading anything anew. */
export interface Weights {
  allPods: number;
  loading: number;
}

/** What the authors' own program is run with. */
export const published: Weights = { allPods: 4, loading: 1 };
/** Pods are nearly free: quality before cost. */
export const qualityFirst: Weights = { allPods: 0.5, loading: 0.01 };

/** A model, its pods, and the share of the requests that they get. */
interface Part {
  model: MeasuredVariant;
  pods: number;
  share: number;
}

interface Capacity {
  model: MeasuredVariant;
  carries: number;
}

/** Another that is no worse in either way makes it superfluous; of two alike the first is kept. */
const superfluous = (one: Capacity, i: number, all: Capacity[]) =>
  all.some((other, j) => {
    const [carries, loss] = [other.carries - one.carries, lossOf(one.model.quality) - lossOf(other.model.quality)];
    return carries >= 0 && loss >= 0 && (carries > 0 || loss > 0 || j < i);
  });

/** The pods of each model, in the order of `models`: all ways to place up to `most` pods with at most two models. */
function* placements(models: number, most: number): Generator<number[]> {
  const none = new Array<number>(models).fill(0);
  for (let i = 0; i < models; i++) {
    for (let n = 1; n <= most; n++) {
      yield none.with(i, n);
      for (let j = i + 1; j < models; j++) for (let m = 1; n + m <= most; m++) yield none.with(i, n).with(j, m);
    }
  }
}

/** Fills the most accurate first, up to what each carries; undefined when the placement does not carry the load. */
function fill(models: Capacity[], counts: number[], load: number): Part[] | undefined {
  let left = load;
  const parts = models.flatMap(({ model, carries }, i): Part[] => {
    const pods = counts[i] ?? 0;
    const taken = Math.min(left, pods * carries);
    left -= taken;
    return pods > 0 ? [{ model, pods, share: load > 0 ? taken / load : 1 / pods }] : [];
  });
  return left > 1e-9 || parts.length === 0 ? undefined : parts;
}

/**
 * After InfAdapter (Salmani et al., Reconciling High Accuracy, Cost-Efficiency, and Low Latency of Inference Serving
 * Systems, EuroMLSys 2023): every thirty seconds the load of the near future is forecast, and the set of variants with
 * the pods of each is chosen, among all of up to two, that maximises mean accuracy less the cost of pods and of
 * loading models, with enough capacity within the threshold. New pods are ready before old ones go, and requests are
 * shared by quota. Its forecast here is the one of Retune instead of a trained network, the headroom is the same, and
 * CPUs are pods of one.
 */
export function infadapter(
  all: MeasuredVariant[],
  { thresholdMs, headroom, weights }: { thresholdMs: number; headroom: number; weights: Weights },
): Policy {
  const models = all
    .map((model) => ({ model, carries: rateWithin(toFinalist(model), thresholdMs * (1 - headroom)) }))
    .filter(({ carries }) => carries > 0)
    .filter((one, i, those) => !superfluous(one, i, those))
    .sort((a, b) => lossOf(a.model.quality) - lossOf(b.model.quality));
  let history: LoadHistory | undefined;
  let parts: Part[] = [];
  let changes = 0;
  let calm = 0;
  let servedFor = 0;
  let main: MeasuredVariant | undefined;

  const value = (candidate: Part[], most: number) => {
    const lost = candidate.reduce((sum, { model, share }) => sum + 100 * lossOf(model.quality) * share, 0);
    const pods = candidate.reduce((sum, part) => sum + part.pods, 0);
    const kept = candidate.every(({ model, pods }) => parts.some((part) => part.model === model && part.pods === pods));
    return -lost - (weights.allPods * pods) / most - (kept ? 0 : weights.loading);
  };
  const choose = (load: number, most: number): Part[] => {
    let best: Part[] | undefined;
    for (const counts of placements(models.length, most)) {
      const candidate = fill(models, counts, load);
      if (candidate && (!best || value(candidate, most) > value(best, most))) best = candidate;
    }
    const fastest = models.reduce((a, b) => (b.carries > a.carries ? b : a));
    return best ?? [{ model: fastest.model, pods: most, share: 1 }];
  };
  const ready = (pods: readonly Pod[], model: MeasuredVariant, second: number) =>
    pods.filter((pod) => pod.model === model && isReady(pod, 1000 * second));

  const reconcile = (cluster: SimulatedCluster, second: number) => {
    for (const { model, pods } of parts) {
      while (cluster.pods.filter((pod) => pod.model === model).length < pods) {
        if (!cluster.start('stable', model, second)) break;
      }
    }
    const complete = parts.every(({ model, pods }) => ready(cluster.pods, model, second).length >= pods);
    const surplus = cluster.pods.filter((pod) => {
      const part = parts.find(({ model }) => model === pod.model);
      return cluster.pods.filter(({ model }) => model === pod.model).indexOf(pod) >= (part?.pods ?? 0);
    });
    if (complete) for (const pod of surplus) cluster.stop(pod);
    // Until all are there, the old and the new share alike what they carry.
    const { pods } = cluster;
    cluster.weight = complete
      ? ({ model }) => (parts.find((part) => part.model === model)?.share ?? 0) / ready(pods, model, second).length
      : ({ model }) => models.find((one) => one.model === model)?.carries ?? 0;
  };
  return {
    act(cluster, second) {
      const { arrived, conditions } = cluster;
      const lately = arrived.slice(-10);
      const rate = lately.reduce((sum, count) => sum + count, 0) / Math.max(1, lately.length);
      if (second % 5 === 0) history = remember(history, 1000 * second, rate);
      if (second % adaptSeconds === 0) {
        const { nearPerSecond } = nearLoad(history ?? { peaks: [] }, rate, leadSeconds);
        const expected = forecastMargin * nearPerSecond;
        calm = expected > servedFor ? 0 : calm + 1;
        if (calm > 0 && calm <= patience && second > 0) return reconcile(cluster, second);
        calm = 0;
        servedFor = expected;
        parts = choose(expected, conditions.most);
        const first = parts.reduce((a, b) => (b.share > a.share ? b : a)).model;
        if (main && first !== main) changes++;
        main = first;
      }
      reconcile(cluster, second);
    },
    switches: () => changes,
  };
}
