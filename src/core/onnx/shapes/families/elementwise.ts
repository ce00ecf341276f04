import { DataType, isInteger } from '../../tensor-data/element-types.ts';
import { broadcast } from '../broadcast.ts';
import { add, allKnown, type Dim, divideDown, divideExactly, isKnown, multiply, sameDim, subtract } from '../dims.ts';
import { broadcastReader, fill } from '../indexing.ts';
import { type Rule, type Rules, rulesFor, type Site, unknown, type Value, value } from '../value.ts';

type Compute = (a: Dim, b: Dim, integer: boolean) => Dim | undefined;

/** What the operator makes of sizes that are followed through the graph; undefined where it can't be told. */
function computed(site: Site, shape: Value['shape'], compute: Compute): Dim[] | undefined {
  if (!allKnown(shape)) return undefined;
  const integer = isInteger(site.type());
  const readers = site.inputs.map((input) => {
    return input?.elements && allKnown(input.shape) ? broadcastReader(input.shape, input.elements) : undefined;
  });
  const [first, ...others] = readers;
  if (!first || others.includes(undefined)) return undefined;
  return fill(shape, (index) =>
    others.reduce<Dim | undefined>((result, reader) => {
      const next = reader?.(index);
      return result === undefined || next === undefined ? undefined : compute(result, next, integer);
    }, first(index)),
  );
}

/** Same shape, same type; `compute` follows sizes. */
const unary =
  (compute?: (a: Dim, integer: boolean) => Dim | undefined): Rule =>
  (site) => {
    const { elements } = site.inputs[0] ?? {};
    const next = compute && elements?.map((element) => compute(element, isInteger(site.type())));
    return [value(site.type(), site.shape(), next?.every((element) => element !== undefined) ? next : undefined)];
  };

const onNumbers = (compute: (a: number) => number) => unary((a) => (isKnown(a) ? compute(a) : undefined));

function broadcastShape(site: Site): Value['shape'] {
  // Before opset 7 the second operand was stretched to the first, by attributes.
  return site.opset < 7
    ? site.shape()
    : broadcast(
        site,
        site.inputs.map((input) => input?.shape),
      );
}

const binary =
  (compute: Compute = () => undefined, type?: number): Rule =>
  (site) => {
    const shape = broadcastShape(site);
    return [value(type ?? (site.type() || site.type(1)), shape, computed(site, shape, compute))];
  };

const numbers =
  (compute: (a: number, b: number) => number): Compute =>
  (a, b) =>
    isKnown(a) && isKnown(b) ? compute(a, b) : undefined;

const divide: Compute = (a, b, integer) => {
  if (b === 0) return undefined;
  if (isKnown(a) && isKnown(b)) return integer ? Math.trunc(a / b) + 0 : a / b;
  return integer ? divideDown(a, b) : divideExactly(a, b);
};

const compare = (test: (a: number, b: number) => boolean, same?: number): Rule =>
  binary((a, b) => {
    if (isKnown(a) && isKnown(b)) return Number(test(a, b));
    return sameDim(a, b) ? same : undefined;
  }, DataType.BOOL);

/** Products of names are sizes, and no size is below 0; sums and differences in brackets may be. */
const isBelowZero = (dim: Dim) => isKnown(dim) && dim < 0;
const isSize = (dim: Dim) => !isKnown(dim) && /^[^-+()?]+$/.test(dim);

const equal: Compute = (a, b) => {
  if (isKnown(a) && isKnown(b)) return Number(a === b);
  if ((isSize(a) && isBelowZero(b)) || (isSize(b) && isBelowZero(a))) return 0;
  return sameDim(a, b) ? 1 : undefined;
};

const where: Rule = (site) => {
  const shape = broadcastShape(site);
  const [condition, yes, no] = site.inputs.map((input) =>
    input?.elements && allKnown(input.shape) ? broadcastReader(input.shape, input.elements) : undefined,
  );
  const picked =
    allKnown(shape) && condition && yes && no
      ? fill(shape, (index) => {
          const chosen = condition(index);
          if (chosen === undefined || !isKnown(chosen)) return undefined;
          return chosen ? yes(index) : no(index);
        })
      : undefined;
  return [value(site.type(1) || site.type(2), shape, picked)];
};

/** Casting to an integer cuts the fraction off; sizes by name are whole already. */
const castTo = (site: Site, type: number): Value[] => {
  const { elements } = site.inputs[0] ?? {};
  const whole = isInteger(type) && type !== DataType.BOOL;
  const next = elements?.map((a) => (isKnown(a) && whole ? Math.trunc(a) + 0 : a));
  const truth = next?.every(isKnown) ? next.map((a) => Number(a !== 0)) : undefined;
  return [value(type, site.shape(), type === DataType.BOOL ? truth : next)];
};

const dropout: Rule = (site) => {
  const mask = site.opset >= 10 ? DataType.BOOL : site.type();
  return [value(site.type(), site.shape(), site.elements()), value(mask, site.shape())];
};

const prelu: Rule = (site) => [value(site.type(), site.shape())];
const truth: Rule = (site) => [value(DataType.BOOL, site.shape())];

export const elementwise: Rules = {
  ...rulesFor(
    'Acos Acosh Asin Asinh Atan Atanh Celu Clip Cos Cosh CumProd CumSum Elu Erf Exp Gelu HardSigmoid HardSwish Hardmax ' +
      'LeakyRelu Trilu Log LogSoftmax LRN LpNormalization MeanVarianceNormalization Mish Reciprocal Relu Selu Shrink Sigmoid ' +
      'Sin Sinh Softmax Softplus Softsign Swish Tan Tanh ThresholdedRelu BitwiseNot ReverseSequence',
    unary(),
  ),
  ...rulesFor(
    'Identity',
    unary((a) => a),
  ),
  Neg: unary((a) => multiply(a, -1)),
  Abs: onNumbers(Math.abs),
  Floor: onNumbers(Math.floor),
  Ceil: onNumbers(Math.ceil),
  Round: unary((a) => (isKnown(a) && a % 1 === 0.5 ? undefined : isKnown(a) ? Math.round(a) : a)),
  Sqrt: onNumbers(Math.sqrt),
  Sign: onNumbers(Math.sign),
  Not: onNumbers((a) => (a === 0 ? 1 : 0)),
  Add: binary(add),
  Sub: binary(subtract),
  Mul: binary(multiply),
  Div: binary(divide),
  Mod: binary((a, b) => (isKnown(a) && isKnown(b) && a >= 0 && b > 0 ? a % b : undefined)),
  Pow: binary(numbers((a, b) => a ** b)),
  Max: binary((a, b) => (isKnown(a) && isKnown(b) ? Math.max(a, b) : sameDim(a, b) ? a : undefined)),
  Min: binary((a, b) => (isKnown(a) && isKnown(b) ? Math.min(a, b) : sameDim(a, b) ? a : undefined)),
  Sum: binary(add),
  ...rulesFor('Mean BitShift BitwiseAnd BitwiseOr BitwiseXor', binary()),
  And: compare((a, b) => a !== 0 && b !== 0),
  Or: compare((a, b) => a !== 0 || b !== 0),
  Xor: compare((a, b) => (a !== 0) !== (b !== 0)),
  Equal: binary(equal, DataType.BOOL),
  Greater: compare((a, b) => a > b, 0),
  GreaterOrEqual: compare((a, b) => a >= b, 1),
  Less: compare((a, b) => a < b, 0),
  LessOrEqual: compare((a, b) => a <= b, 1),
  Where: where,
  PRelu: prelu,
  Dropout: dropout,
  ...rulesFor('IsNaN IsInf', truth),
  Cast: (site) => castTo(site, site.int('to', 0)),
  CastLike: (site) => (site.type(1) ? castTo(site, site.type(1)) : [{ ...unknown(), shape: site.shape() }]),
  BitCast: (site) => [value(site.int('to', 0), site.shape())],
};
