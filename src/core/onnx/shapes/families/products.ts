import { DataType } from '../../tensor-data/element-types.ts';
import { broadcast } from '../broadcast.ts';
import { add, type Dim, divideExactly, isKnown, multiply, type Shape, showShape, unknownDim } from '../dims.ts';
import { type Rule, type Rules, rulesFor, type Site, unknown, value } from '../value.ts';

/** numpy.matmul: the last two axes multiply, the others broadcast, an operand of rank 1 loses its axis again. */
export function matmulShape(site: Site, a: Shape | undefined, b: Shape | undefined): Shape | undefined {
  if (!a || !b) return undefined;
  if (a.length === 0 || b.length === 0) throw site.error('a scalar can not be multiplied as a matrix');
  const left: Shape = a.length === 1 ? [1, ...a] : a;
  const right: Shape = b.length === 1 ? [...b, 1] : b;
  const [rows, inner] = left.slice(-2);
  const [innerToo, columns] = right.slice(-2);
  if (isKnown(inner ?? 1) && isKnown(innerToo ?? 1) && inner !== innerToo) {
    throw site.error(`matrices ${showShape(a)} and ${showShape(b)} do not multiply: ${inner} is not ${innerToo}`);
  }
  const batch = broadcast(site, [left.slice(0, -2), right.slice(0, -2)]) ?? [];
  return [...batch, ...(a.length === 1 ? [] : [rows ?? 1]), ...(b.length === 1 ? [] : [columns ?? 1])];
}

const matmul =
  (at: [number, number], type: (site: Site) => number): Rule =>
  (site) => [value(type(site), matmulShape(site, site.shape(at[0]), site.shape(at[1])))];

const swapLast = (shape: Shape | undefined, swap: boolean): Shape | undefined =>
  shape && swap && shape.length > 1 ? [...shape.slice(0, -2), ...shape.slice(-2).toReversed()] : shape;

const fusedMatmul: Rule = (site) => {
  if (site.int('transBatchA', 0) || site.int('transBatchB', 0)) return [unknown(site.type())];
  const [a, b] = [site.shape(0), site.shape(1)];
  return [
    value(
      site.type(),
      matmulShape(site, swapLast(a, site.int('transA', 0) === 1), swapLast(b, site.int('transB', 0) === 1)),
    ),
  ];
};

const gemm =
  (at: [number, number], type: (site: Site) => number): Rule =>
  (site) => {
    const [a, b] = [site.shape(at[0]), site.shape(at[1])];
    for (const shape of [a, b]) {
      if (shape && shape.length !== 2) throw site.error(`an operand of shape ${showShape(shape)} is no matrix`);
    }
    const left = swapLast(a, site.int('transA', 0) === 1);
    const right = swapLast(b, site.int('transB', 0) === 1);
    if (left && right) return [value(type(site), matmulShape(site, left, right))];
    return [value(type(site), [left?.[0] ?? unknownDim, right?.[1] ?? unknownDim])];
  };

/** Weights packed to `bits`; the product's sizes stand in attributes K and N (com.microsoft). */
const matmulNBits: Rule = (site) => {
  const input = site.shape();
  return [value(site.type(), input && [...input.slice(0, -1), site.int('N', 0)])];
};

/** The labels of each operand and of the result; undefined where an ellipsis stands for axes. */
export function einsumLabels(site: Site): { operands: string[]; result: string } | undefined {
  const equation = site.text('equation', '').replaceAll(' ', '');
  if (equation.includes('.')) return undefined;
  const [left = '', right] = equation.split('->');
  const operands = left.split(',');
  const all = operands.join('');
  const once = [...new Set(all)].filter((label) => all.indexOf(label) === all.lastIndexOf(label)).sort();
  return { operands, result: right ?? once.join('') };
}

/** The size of each label of an Einsum. */
export function einsumSizes(site: Site, operands: readonly string[]): Map<string, Dim> {
  const sizes = new Map<string, Dim>();
  for (const [index, labels] of operands.entries()) {
    for (const [axis, label] of [...labels].entries()) {
      const size = site.shape(index)?.[axis] ?? unknownDim;
      const known = sizes.get(label);
      if (known === undefined || known === 1 || !isKnown(known)) sizes.set(label, size);
    }
  }
  return sizes;
}

const einsum: Rule = (site) => {
  const labels = einsumLabels(site);
  if (!labels || labels.operands.some((operand, index) => site.shape(index)?.length !== operand.length)) {
    return [unknown(site.type())];
  }
  const sizes = einsumSizes(site, labels.operands);
  return [
    value(
      site.type(),
      [...labels.result].map((label) => sizes.get(label) ?? unknownDim),
    ),
  ];
};

const det: Rule = (site) => [value(site.type(), site.shape()?.slice(0, -2))];

/** An operand of Attention as [batch, heads, sequence, size], from that or from [batch, sequence, heads·size]. */
function byHeads(shape: Shape | undefined, heads: number): Shape | undefined {
  if (shape?.length !== 3) return shape?.length === 4 ? shape : undefined;
  const [batch = unknownDim, sequence = unknownDim, width = unknownDim] = shape;
  return heads > 0 ? [batch, heads, sequence, divideExactly(width, heads) ?? unknownDim] : undefined;
}

/** Attention of opset 23: the result, the keys and values with those of the past, and the scores. */
const attention: Rule = (site) => {
  const query = byHeads(site.shape(0), site.int('q_num_heads', 0));
  const key = byHeads(site.shape(1), site.int('kv_num_heads', 0));
  const values = byHeads(site.shape(2), site.int('kv_num_heads', 0));
  if (!query || !key || !values) return [unknown(site.type())];
  const [batch = 1, heads = 1, sequence = 1] = query;
  const total = add(key[2] ?? unknownDim, site.has(4) ? (site.shape(4)?.[2] ?? unknownDim) : 0);
  const size = values[3] ?? unknownDim;
  const flat = site.shape(0)?.length === 3;
  return [
    value(site.type(), flat ? [batch, sequence, multiply(heads, size)] : [batch, heads, sequence, size]),
    value(site.type(1), key.with(2, total)),
    value(site.type(2), values.with(2, total)),
    value(site.type(), [batch, heads, sequence, total]),
  ];
};

/** The result, and the keys and values with those of the past (com.microsoft); nothing is said of packed operands. */
const multiHeadAttention: Rule = (site) => {
  const heads = site.int('num_heads', 0);
  const [query, key, values] = [site.shape(0), byHeads(site.shape(1), heads), byHeads(site.shape(2), heads)];
  if (query?.length !== 3 || !key || !values) return [unknown(site.type())];
  const [batch = unknownDim, sequence = unknownDim] = query;
  const total = add(key[2] ?? unknownDim, site.has(6) ? (site.shape(6)?.[2] ?? unknownDim) : 0);
  return [
    value(site.type(), [batch, sequence, multiply(heads, values[3] ?? unknownDim)]),
    value(site.type(1), key.with(2, total)),
    value(site.type(2), values.with(2, total)),
  ];
};

const operandType = (index: number) => (site: Site) => site.type(index);
const int32 = () => DataType.INT32;
const float = () => DataType.FLOAT;

export const products: Rules = {
  MatMul: matmul([0, 1], operandType(0)),
  MatMulInteger: matmul([0, 1], int32),
  QLinearMatMul: matmul([0, 3], operandType(7)),
  Gemm: gemm([0, 1], operandType(0)),
  Einsum: einsum,
  Det: det,
  Attention: attention,
};

/** com.microsoft. */
export const contribProducts: Rules = {
  ...rulesFor('FusedMatMul TransposeMatMul', fusedMatmul),
  MatMulNBits: matmulNBits,
  MultiHeadAttention: multiHeadAttention,
  FusedGemm: gemm([0, 1], operandType(0)),
  QGemm: gemm([0, 3], (site) => (site.has(8) ? site.type(8) : DataType.FLOAT)),
  MatMulIntegerToFloat: matmul([0, 1], float),
  DynamicQuantizeMatMul: matmul([0, 1], float),
};
