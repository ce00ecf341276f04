import { blocksOf } from '../blocks.ts';
import type { Format } from '../format.ts';
import { biasOf, matrixOf } from '../parameters.ts';

const blockSize = 32;

/**
 * Weights of 4 bits in blocks of 32 along K with a scale each, as com.microsoft.MatMulNBits; symmetric, or with zero
 * points where these have the lower squared error. `accuracy_level` 4 lets the kernel multiply in INT8, with inputs
 * quantised block by block at run time. It gains where weights must be fetched for few rows, and loses where many rows
 * meet them: measurement tells.
 */
export const int4: Format = {
  offers: (layer) => layer.kind === 'Product' && layer.k >= blockSize && layer.n >= 16,
  needs: () => [],
  write(layer, { build, weights }) {
    if (layer.kind !== 'Product') return;
    const { k, n, input, output } = layer;
    const matrix = matrixOf(layer, weights);
    const even = blocksOf(matrix, k, n, blockSize, false);
    const shifted = blocksOf(matrix, k, n, blockSize, true);
    // Zero points are bytes to fetch: they must earn them.
    const { codes, scales, zeroPoints } = shifted.error < 0.98 * even.error ? shifted : even;
    const at = (suffix: string) => `${layer.node.name}.${suffix}`;
    const blocks = scales.length / n;
    const bias = biasOf(layer);
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
