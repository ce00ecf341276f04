import type { Layer } from '../../layer.ts';

/** No channel is scaled by more, either way: what calibration inputs hardly showed must not become the largest. */
const most = 2 ** 6;

/** The largest weight on each of the `count` channels of the input, over all layers that read them. */
export function weightMagnitudes(layers: readonly Layer[], count: number): Float64Array {
  const result = new Float64Array(count);
  for (const { weight, inOf } of layers) {
    for (let place = 0; place < weight.length; place++) {
      const [channel, size] = [inOf(place), Math.abs(weight[place] as number)];
      if (size > (result[channel] as number)) result[channel] = size;
    }
  }
  return result;
}

/** Whether each output has one input channel: a scale for each output then takes up any factor. */
export const isDepthwise = ({ group, inputs }: Layer): boolean => group === inputs;

/**
 * s = a^α / w^(1−α), by which channels of magnitude `a` are divided and the weights on them, of magnitude `w`, multiplied
 * (Xiao et al. 2023, SmoothQuant): α = 1 makes all activations alike, 0 all weights. About 1 in the geometric mean; 1
 * where a channel is dead.
 */
export function equalisingScales(activations: ArrayLike<number>, weights: Float64Array, alpha: number): Float64Array {
  const logs = weights.map((w, c) => alpha * Math.log(activations[c] ?? 0) - (1 - alpha) * Math.log(w));
  const alive = logs.filter((_, c) => (activations[c] ?? 0) > 1e-30 && (weights[c] ?? 0) > 1e-30);
  const mean = alive.reduce((sum, value) => sum + value, 0) / Math.max(1, alive.length);
  const limit = Math.log(most);
  return logs.map((value, c) => {
    if (!((activations[c] ?? 0) > 1e-30 && (weights[c] ?? 0) > 1e-30)) return 1;
    return Math.exp(Math.max(-limit, Math.min(limit, value - mean)));
  });
}
