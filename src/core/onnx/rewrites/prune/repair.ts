import { cholesky, solveRows } from '../../../linear-algebra/cholesky.ts';
import type { Consumer } from '../../dependency/operation.ts';
import { consumersOf, initializerOf, setInitializer } from '../../graph.ts';
import type { Model } from '../../model.ts';
import type { Observations } from '../../observe/observations.ts';
import type { Inference } from '../../shapes/infer.ts';
import { addBias, type NewBias, takesBias } from './bias.ts';
import { type Kept, shallowCopy } from './cut.ts';
import { type Statistics, statisticsOf } from './statistics.ts';
import { type MixingWeights, mixInto, mixingWeights, outerOf, outputsOf, written } from './weights.ts';

/** What is cut as a linear function of what is left: x_cut ≈ factors·x_left + constants. */
export interface Fit {
  /** `cut` rows of `left` values. */
  factors: Float64Array;
  constants: Float64Array;
}

/**
 * What is added to the diagonal of a covariance of `size`² from `count` positions: a millionth of the mean variance, for
 * it was summed in single precision, and more where there are few positions for so many entries.
 */
export function ridgeOf(covariance: Float64Array, size: number, count: number): number {
  let trace = 0;
  for (let i = 0; i < size; i++) trace += covariance[i * (size + 1)] as number;
  return (trace / size) * (1e-6 + (0.01 * size) / count);
}

/**
 * Least squares from second moments: Σ_cl (Σ_ll + λI)⁻¹. Where the moments give no positive definite matrix nothing is
 * explained, and the constants are the means alone.
 */
export function fit(statistics: Statistics, left: readonly number[], cut: readonly number[], centred: boolean): Fit {
  const { second, size, mean, count } = statistics;
  const n = left.length;
  const matrix = new Float64Array(n * n);
  left.forEach((a, i) => {
    left.forEach((b, j) => {
      matrix[i * n + j] = second[a * size + b] as number;
    });
  });
  const ridge = ridgeOf(matrix, n, count);
  for (let i = 0; i < n; i++) matrix[i * (n + 1)] = (matrix[i * (n + 1)] as number) + ridge;
  const factors = Float64Array.from({ length: cut.length * n }, (_, at) => {
    return second[(cut[Math.floor(at / n)] as number) * size + (left[at % n] as number)] as number;
  });
  if (cholesky(matrix, n)) solveRows(matrix, n, factors, cut.length);
  else factors.fill(0);
  if (!factors.every(Number.isFinite)) factors.fill(0);
  const constants = new Float64Array(cut.length);
  if (centred) {
    cut.forEach((entry, i) => {
      const explained = left.reduce((sum, a, j) => sum + (factors[i * n + j] as number) * (mean[a] as number), 0);
      constants[i] = (mean[entry] as number) - explained;
    });
  }
  return { factors, constants };
}

/** Consumers by the weights they share; those whose weights something else reads as well can't be repaired. */
export function byWeights({ graph }: Model, consumers: readonly Consumer[]): Consumer[][] {
  const shared = Map.groupBy(consumers, ({ weight }) => weight);
  return [...shared.values()].filter(([first, ...others]) => {
    const alike = others.every(({ weightAxis, blocks }) => weightAxis === first?.weightAxis && blocks === first.blocks);
    return alike && consumersOf(graph, first?.weight).length === others.length + 1;
  });
}

/** Whether the fit may have constants: each of the consumers must take a bias. */
export function isCentred({ graph }: Model, consumers: readonly Consumer[], weights: MixingWeights): boolean {
  const outputs = weights.columns ? weights.inner : weights.outer;
  return consumers.every((consumer) => takesBias(graph, consumer, outputs));
}

/** Weights and biases of full size that do without the entries that are cut, as well as the others can stand in. */
function repairOne(
  result: Model,
  inference: Inference,
  consumers: readonly Consumer[],
  kept: Kept,
  observed: Observations,
): NewBias[] {
  const [first] = consumers;
  const weight = first && initializerOf(result.graph, first.weight);
  const left = first && kept(first.input, first.axis);
  if (!first || !weight || !left) return [];
  const weights = mixingWeights(result.graph, first);
  const centred = isCentred(result, consumers, weights);
  const statistics = statisticsOf(inference, consumers, observed, centred);
  if (!statistics) return [];
  const there = new Set(left);
  const outputs = new Float64Array(weights.columns ? weights.inner : weights.outer);
  for (let block = 0; block < first.blocks; block++) {
    const entries = Array.from({ length: weights.size }, (_, i) => block * weights.size + i);
    const [stay, go] = [entries.filter((i) => there.has(i)), entries.filter((i) => !there.has(i))];
    const rows = outerOf(weights, first.blocks, block);
    const { factors, constants } = fit(statistics, stay, go, centred);
    const within = (indices: number[]) => indices.map((i) => i - block * weights.size);
    outputsOf(weights, rows, within(go), constants).forEach((value, i) => {
      outputs[i] = (outputs[i] as number) + value;
    });
    mixInto(weights, rows, within(stay), within(go), factors);
  }
  setInitializer(result.graph, written(first.weight, weights));
  return consumers.flatMap((consumer) => {
    const rank = inference.values.get(consumer.node.output[0] ?? '')?.shape?.length ?? 0;
    return (centred && addBias(result.graph, consumer, outputs, rank)) || [];
  });
}

export interface Repaired {
  model: Model;
  /** What is left of the values of the repaired model. */
  kept: Kept;
}

/**
 * The model, still of full size, with what is cut folded into the weights that mix it and their biases: W_left += W_cut·A
 * and b += W_cut·c for the least-squares fit x_cut ≈ A·x_left + c (He et al. 2017, channel pruning by reconstruction;
 * ThiNet, Luo et al. 2017). Tap by tap for a Conv; one that pads takes no constant, and its fit goes through the origin.
 */
export function repair(
  model: Model,
  inference: Inference,
  consumers: readonly Consumer[],
  kept: Kept,
  observed: Observations,
): Repaired {
  const result = shallowCopy(model);
  const biases = new Map<string, NewBias>();
  for (const alike of byWeights(model, consumers)) {
    for (const bias of repairOne(result, inference, alike, kept, observed)) biases.set(bias.name, bias);
  }
  return {
    model: result,
    kept: (value, axis) => {
      const bias = biases.get(value);
      if (!bias) return kept(value, axis);
      return axis === bias.rank - 1 ? kept(bias.value, bias.axis) : undefined;
    },
  };
}
