import { DataType } from '../../tensor-data/element-types.ts';
import { type Rule, type Rules, rulesFor, value } from '../value.ts';
import { convolutions } from './convolution.ts';
import { elementwise } from './elementwise.ts';
import { indexing } from './indexing.ts';

/** The type is the zero point's, else `output_dtype`, else UINT8. */
const quantize: Rule = (site) => {
  const type = site.has(2) ? site.type(2) : site.int('output_dtype', 0) || DataType.UINT8;
  return [value(type, site.shape())];
};

/** The type is the scale's, or `output_dtype` from opset 23 on. */
const dequantize: Rule = (site) => [value(site.int('output_dtype', 0) || site.type(1), site.shape())];

const dynamicQuantize: Rule = (site) => [
  value(DataType.UINT8, site.shape()),
  value(DataType.FLOAT, []),
  value(DataType.UINT8, []),
];

export const quantization: Rules = {
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
  DynamicQuantizeLinear: dynamicQuantize,
};

const likeFirst: Rule = (site) => [value(site.type(), site.shape())];

/** Operands of com.microsoft's 8-bit operators stand as (tensor, scale, zero point). */
const everyThird =
  (rule: Rule | undefined): Rule =>
  (site) =>
    rule?.(Object.assign(Object.create(site), { inputs: site.inputs.filter((_, index) => index % 3 === 0) })) ?? [];

export const contribQuantization: Rules = {
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
  ...rulesFor('QLinearSigmoid QLinearLeakyRelu QLinearSoftmax', likeFirst),
  ...rulesFor('QLinearAdd QLinearMul', everyThird(elementwise.Where && elementwise.BitwiseAnd)),
  QLinearAveragePool: (site) => convolutions.AveragePool?.(site) ?? [],
  QLinearGlobalAveragePool: (site) =>
    site.int('channels_last', 0) ? [value(site.type())] : (convolutions.GlobalAveragePool?.(site) ?? []),
  // (scale, zero point) of the output come first, then (tensor, scale, zero point) for each input.
  QLinearConcat: (site) =>
    indexing.Concat?.(
      Object.assign(Object.create(site), { inputs: site.inputs.filter((_, index) => index >= 2 && index % 3 === 2) }),
    ) ?? [],
};
