/**
 * Signed symmetric 8-bit weights, one scale for each of `channels` equal runs: the largest magnitude of a run maps to
 * 127, so that no product saturates on kernels with 16-bit intermediates more than it must.
 */
export function quantizeWeights(weights: Float32Array, channels: number): { values: Int8Array; scales: Float32Array } {
  const run = weights.length / channels;
  const scales = new Float32Array(channels);
  const values = new Int8Array(weights.length);
  for (let channel = 0; channel < channels; channel++) {
    const part = weights.subarray(channel * run, (channel + 1) * run);
    const largest = part.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
    const scale = largest > 0 ? largest / 127 : 1;
    scales[channel] = scale;
    values.set(
      part.map((weight) => Math.round(weight / scale)),
      channel * run,
    );
  }
  return { values, scales };
}
