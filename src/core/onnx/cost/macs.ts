import type { NodeProto } from '../model.ts';
import { allKnown, type Shape } from '../shapes/dims.ts';
import { einsumLabels, einsumSizes } from '../shapes/families/products.ts';
import { domainOf } from '../shapes/registry.ts';
import { Site, type Value } from '../shapes/value.ts';

const size = (shape: readonly number[]) => shape.reduce((product, dim) => product * dim, 1);
const numeric = (shape: Shape | undefined): readonly number[] => (allKnown(shape) ? shape : []);

type Count = (site: Site, output: readonly number[]) => number;

/** One product for each element of the weights of a filter, at each place of the output. */
const convolution =
  (weightsAt: number): Count =>
  (site, output) =>
    size(output) * size(numeric(site.shape(weightsAt)).slice(1));

/** Each element of the input meets each element of its channel's filters. */
const transposed: Count = (site) => size(numeric(site.shape())) * size(numeric(site.shape(1)).slice(1));

/** The axis that is summed over is the last of the left operand, or the last but one where it is transposed. */
const product: Count = (site, output) => {
  const left = numeric(site.shape());
  return size(output) * ((site.int('transA', 0) === 1 ? left.at(-2) : left.at(-1)) ?? 1);
};

const einsum: Count = (site) => {
  const labels = einsumLabels(site);
  return labels ? size([...einsumSizes(site, labels.operands).values()].map(Number)) : 0;
};

/** Queries meet keys, then weights meet values; the output's size is that of one of the two. */
const attention: Count = (site) => {
  const [query, key] = [numeric(site.shape()), numeric(site.shape(1))];
  const past = numeric(site.shape(4)).at(-2) ?? 0;
  return 2 * size(query) * ((key.at(-2) ?? 0) + past);
};

/** As `attention`, of com.microsoft: operands are [batch, sequence, width], or keys and values [batch, heads, sequence, size]. */
const multiHeadAttention: Count = (site, output) => {
  const [query, key] = [numeric(site.shape()), numeric(site.shape(1))];
  const past = numeric(site.shape(6)).at(-2) ?? 0;
  return (size(query) + size(output)) * ((key.at(-2) ?? 0) + past);
};

/** Gates times (input + state), at each step: W [directions, gates·hidden, input], R [directions, gates·hidden, hidden]. */
const recurrent: Count = (site) => {
  const [first = 0, second = 0] = numeric(site.shape());
  return first * second * (size(numeric(site.shape(1))) + size(numeric(site.shape(2))));
};

const counts: Record<string, Record<string, Count>> = {
  'ai.onnx': {
    Conv: convolution(1),
    DeformConv: convolution(1),
    ConvInteger: convolution(1),
    QLinearConv: convolution(3),
    ConvTranspose: transposed,
    ...{ MatMul: product, MatMulInteger: product, QLinearMatMul: product, Gemm: product },
    ...{ Einsum: einsum, Attention: attention, LSTM: recurrent, GRU: recurrent, RNN: recurrent },
  },
  'com.microsoft': {
    FusedConv: convolution(1),
    ...{ FusedMatMul: product, TransposeMatMul: product, FusedGemm: product, QGemm: product, MatMulNBits: product },
    ...{ MatMulIntegerToFloat: product, DynamicQuantizeMatMul: product, MultiHeadAttention: multiHeadAttention },
  },
};

/**
 * Multiply-accumulates of a node: those of convolutions, matrix products, attention and recurrent cells. Everything else
 * counts none: its time goes into moving bytes.
 */
export function macsOf(node: NodeProto, inputs: readonly (Value | undefined)[], output: Value | undefined): number {
  const family = counts[domainOf(node.domain)];
  const operator = node.opType ?? '';
  if (!family || !Object.hasOwn(family, operator)) return 0;
  return family[operator]?.(new Site(node, 0, inputs), numeric(output?.shape)) ?? 0;
}
