import type { Moments } from '../../../observe/observations.ts';
import { type Blocks, blocksOf } from '../blocks.ts';
import type { Format, Writing } from '../format.ts';
import type { ProductLayer } from '../layers.ts';
import { biasOf, matrixOf, momentsFor, momentsOf } from '../parameters.ts';

const blockSize = 32;

/** Blocks with zero points where these lower the error by more than the bytes that they are. */
function chosenBlocks(layer: ProductLayer, { weights, compensation }: Writing, moments: Moments | undefined): Blocks {
  const { k, n } = layer;
  const matrix = matrixOf(layer, weights);
  const even = blocksOf(matrix, k, n, { size: blockSize, zeroPoints: false });
  const shifted = blocksOf(matrix, k, n, { size: blockSize, zeroPoints: true });
  const zeroPoints = shifted.error < 0.98 * even.error;
  if (moments) return blocksOf(matrix, k, n, { size: blockSize, zeroPoints, compensation: compensation(moments) });
  return zeroPoints ? shifted : even;
}

/** The bias with what the weights lost, on average. */
function repaired(layer: ProductLayer, lost: Float32Array, mean: Float64Array): Float32Array {
  const result = biasOf(layer) ?? new Float32Array(layer.n);
  for (const [row, value] of mean.entries()) {
    for (let c = 0; c < layer.n; c++) result[c] = (result[c] as number) + value * (lost[row * layer.n + c] as number);
  }
  return result;
}

/**
 * Weights of 4 bits in blocks of 32 along K with a scale each, as com.microsoft.MatMulNBits; symmetric, or with zero
 * points where these have the lower squared error. `accuracy_level` 4 lets the kernel multiply in INT8, with inputs
 * quantised block by block at run time. It gains where weights must be fetched for few rows, and loses where many rows
 * meet them: measurement tells. Where moments are observed, weights make up for each other's errors.
 */
export const int4: Format = {
  offers: (layer) => layer.kind === 'Product' && layer.k >= blockSize && layer.n >= 16,
  needs: (layer, wiring, options) => (layer.kind === 'Product' ? momentsOf(layer, wiring, options) : []),
  write(layer, writing) {
    if (layer.kind !== 'Product') return;
    const { build } = writing;
    const { k, n, input, output } = layer;
    const moments = momentsFor(layer, writing);
    const { codes, scales, zeroPoints, lost } = chosenBlocks(layer, writing, moments);
    const at = (suffix: string) => `${layer.node.name}.${suffix}`;
    const blocks = scales.length / n;
    const bias = moments ? repaired(layer, lost, moments.mean) : biasOf(layer);
    const inputs = [
      input,
      build.constant(at('weight_int4'), codes, [n, blocks, blockSize / 2]),
      build.constant(at('weight_scale'), scales, [scales.length]),
      zeroPoints ? build.constant(at('weight_zero_point'), zeroPoints, [zeroPoints.length]) : '',
      '',
      bias ? build.constant(at('bias'), bias, [n]) : '',
    ];
    while (inputs.at(-1) === '') inputs.pop();
    const attributes = { K: k, N: n, bits: 4, block_size: blockSize, accuracy_level: 4 };
    build.contrib('MatMulNBits', layer.node.name ?? '', inputs, attributes, output);
  },
};
