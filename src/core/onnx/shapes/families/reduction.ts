import { DataType } from '../../tensor-data/element-types.ts';
import { add, type Dim, isKnown, multiply, type Shape } from '../dims.ts';
import { type Rule, type Rules, rulesFor, type Site, unknown, unknownShape, value } from '../value.ts';

function reduced(input: Shape, axes: readonly number[], keep: boolean): Shape {
  return input.flatMap((size, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [size]));
}

/** Which axes a Reduce* removes: all of them where it names none, unless told to do nothing then. */
function reducedAxes(site: Site, rank: number): readonly number[] | 'unknown' {
  const named = site.axes(1);
  if (named === 'unknown') return 'unknown';
  if (named?.length) return named.map((axis) => site.axis(axis, rank));
  return site.int('noop_with_empty_axes', 0) === 1 ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

const reduce =
  (combine?: (a: Dim, b: Dim) => Dim | undefined): Rule =>
  (site) => {
    const input = site.shape();
    const keep = site.int('keepdims', 1) === 1;
    if (!input) return [unknown(site.type())];
    const axes = reducedAxes(site, input.length);
    if (axes === 'unknown') return [value(site.type(), keep ? unknownShape(input.length) : undefined)];
    const [first, ...others] = site.elements() ?? [];
    const whole = axes.length === input.length;
    const total =
      combine && whole && first !== undefined
        ? others.reduce<Dim | undefined>((a, b) => (a === undefined ? a : combine(a, b)), first)
        : undefined;
    return [value(site.type(), reduced(input, axes, keep), total === undefined ? undefined : [total])];
  };

const onNumbers = (combine: (a: number, b: number) => number) => (a: Dim, b: Dim) =>
  isKnown(a) && isKnown(b) ? combine(a, b) : undefined;

const argument: Rule = (site) => {
  const input = site.shape();
  if (!input) return [unknown(DataType.INT64)];
  const axis = site.axis(site.int('axis', 0), input.length);
  return [value(DataType.INT64, reduced(input, [axis], site.int('keepdims', 1) === 1))];
};

export const reductions: Rules = {
  ...rulesFor('ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMean ReduceSumSquare', reduce()),
  ReduceSum: reduce(add),
  ReduceProd: reduce(multiply),
  ReduceMax: reduce(onNumbers(Math.max)),
  ReduceMin: reduce(onNumbers(Math.min)),
  ...rulesFor('ArgMax ArgMin', argument),
};
