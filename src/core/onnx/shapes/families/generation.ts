import { attribute } from '../../graph.ts';
import { constantOf } from '../../tensor-data/constants.ts';
import { DataType } from '../../tensor-data/element-types.ts';
import { add, allKnown, count, type Dim, divideUp, isKnown, multiply, type Shape, subtract } from '../dims.ts';
import { fill } from '../indexing.ts';
import { tensorValue } from '../tensor-value.ts';
import { type Rule, type Rules, rulesFor, unknown, unknownShape, value } from '../value.ts';

const constant: Rule = (site) => {
  const made = constantOf(site.node);
  if (made) return [tensorValue(made)];
  const sparse = attribute(site.node, 'sparse_value')?.sparseTensor;
  return [sparse ? value(sparse.values?.dataType ?? 0, sparse.dims.map(Number)) : unknown()];
};

const constantOfShape: Rule = (site) => {
  const filling = attribute(site.node, 'value')?.t;
  const type = filling ? filling.dataType : DataType.FLOAT;
  const shape = site.elements();
  if (!shape) {
    const [rank] = site.shape() ?? [];
    return [value(type, rank !== undefined && isKnown(rank) && rank <= 64 ? unknownShape(rank) : undefined)];
  }
  const element = filling ? tensorValue(filling).elements?.[0] : 0;
  return [value(type, shape, allKnown(shape) && element !== undefined ? fill(shape, () => element) : undefined)];
};

const shapeOf: Rule = (site) => {
  const input = site.shape();
  if (!input) return [value(DataType.INT64, unknownShape(1))];
  const part = input.slice(site.int('start', 0), site.opset >= 15 ? site.int('end', input.length) : input.length);
  return [value(DataType.INT64, [part.length], part)];
};

const sizeOf: Rule = (site) => {
  const input = site.shape();
  return [value(DataType.INT64, [], input && [count(input)])];
};

const range: Rule = (site) => {
  const [start, limit, step] = [site.elements(0)?.[0], site.elements(1)?.[0], site.elements(2)?.[0]];
  if (start === undefined || limit === undefined || step === undefined || step === 0) {
    return [value(site.type(), unknownShape(1))];
  }
  const span = subtract(limit, start);
  const size = divideUp(span, step);
  const length = isKnown(size) ? Math.max(0, size) : size;
  const element = ([index = 0]: readonly number[]): Dim => add(start, multiply(step, index));
  return [value(site.type(), [length], isKnown(length) ? fill([length], element) : undefined)];
};

const eyeLike: Rule = (site) => [value(site.int('dtype', 0) || site.type(), site.shape())];
const randomLike: Rule = (site) => [value(site.int('dtype', 0) || site.type(), site.shape())];
const random: Rule = (site) => [value(site.int('dtype', DataType.FLOAT), site.ints('shape'))];

const multinomial: Rule = (site) => {
  const shape: Shape = [site.shape()?.[0] ?? '?', site.int('sample_size', 1)];
  return [value(site.int('dtype', DataType.INT32), shape)];
};

const window: Rule = (site) => [value(site.int('output_datatype', DataType.FLOAT), [site.elements()?.[0] ?? '?'])];

export const generation: Rules = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Shape: shapeOf,
  Size: sizeOf,
  Range: range,
  EyeLike: eyeLike,
  ...rulesFor('RandomNormalLike RandomUniformLike Bernoulli', randomLike),
  ...rulesFor('RandomNormal RandomUniform', random),
  Multinomial: multinomial,
  ...rulesFor('HannWindow HammingWindow BlackmanWindow', window),
};
