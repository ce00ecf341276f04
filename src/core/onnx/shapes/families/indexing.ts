import { DataType } from '../../tensor-data/element-types.ts';
import { add, allKnown, count, type Dim, isKnown, type Shape, sameDim, subtract, unknownDim } from '../dims.ts';
import { fill, flatIndex, strides } from '../indexing.ts';
import { type Rule, type Rules, rulesFor, type Site, unknown, unknownShape, type Value, value } from '../value.ts';

const concat: Rule = (site) => {
  const shapes = site.inputs.map((input) => input?.shape);
  const known = shapes.find((shape) => shape !== undefined);
  if (!known) return [unknown(site.type())];
  const axis = site.axis(site.int('axis', 1), known.length);
  const shape = known.map((_, at) => shapes.reduce<Dim>((sum, next) => add(sum, next?.[at] ?? unknownDim), 0));
  for (const at of known.keys()) if (at !== axis) shape[at] = agreed(site, shapes, at, known.length);
  const parts = site.inputs.map((input) => input?.elements);
  const flat = parts.every((part) => part !== undefined) && known.length === 1 ? parts.flat() : undefined;
  return [value(site.type(), shape, flat)];
};

/** The size of an axis in which all shapes agree. */
function agreed(site: Site, shapes: readonly (Shape | undefined)[], axis: number, rank: number): Dim {
  let result: Dim = unknownDim;
  for (const shape of shapes) {
    if (shape && shape.length !== rank) throw site.error(`ranks ${rank} and ${shape.length} can not be joined`);
    const next = shape?.[axis] ?? unknownDim;
    if (isKnown(next) && isKnown(result) && next !== result) {
      throw site.error(`axis ${axis} is ${result} in one input and ${next} in another`);
    }
    if (result === unknownDim || isKnown(next)) result = next;
  }
  return result;
}

const split: Rule = (site) => {
  const input = site.shape();
  const outputs = site.node.output.length;
  if (!input) return site.node.output.map(() => unknown(site.type()));
  const axis = site.axis(site.int('axis', 0), input.length);
  const sizes = site.has(1) ? site.elements(1) : site.ints('split');
  const whole = input[axis] ?? 1;
  // The last part is smaller where the parts do not divide the axis (Split-18).
  const even = isKnown(whole) ? Math.ceil(whole / outputs) : undefined;
  const parts = site.node.output.map((_, index): Dim => {
    if (site.has(1) || sizes?.length) return sizes?.[index] ?? unknownDim;
    return isKnown(whole) && even !== undefined ? Math.min(even, Math.max(whole - index * even, 0)) : unknownDim;
  });
  const elements = input.length === 1 && parts.every(isKnown) ? site.elements() : undefined;
  let from = 0;
  return parts.map((part) => {
    const start = from;
    from += isKnown(part) ? part : 0;
    return value(site.type(), input.with(axis, part), elements?.slice(start, from));
  });
};

/** Where a slice starts, how far it steps and how many it takes; undefined size: can't be told. */
interface Cut {
  start: number;
  step: number;
  size: Dim;
}

function cut(size: Dim, from: Dim, to: Dim, step: Dim): Cut | undefined {
  if (!isKnown(step) || step === 0) return undefined;
  if (isKnown(size) && isKnown(from) && isKnown(to)) {
    const clamp = (position: number, low: number, high: number) =>
      Math.min(Math.max(position < 0 ? position + size : position, low), high);
    const start = step > 0 ? clamp(from, 0, size) : clamp(from, 0, size - 1);
    const end = step > 0 ? clamp(to, 0, size) : clamp(to, -1, size - 1);
    return { start, step, size: Math.max(0, Math.ceil((end - start) / step)) };
  }
  if (step !== 1 || !isKnown(from)) return undefined;
  const toEnd = sameDim(to, size) || (isKnown(to) && to >= 2 ** 31 - 1);
  if (toEnd) return { start: from, step, size: from < 0 ? -from : subtract(size, from) };
  if (isKnown(to) && to < 0 && from >= 0 && !isKnown(size)) return { start: from, step, size: add(size, to - from) };
  // An end by name lies inside the axis in every run that makes sense: position tables cut to the sequence.
  if (!isKnown(to) && from >= 0) return { start: from, step, size: subtract(to, from) };
  return undefined;
}

function sliceArguments(site: Site) {
  const given = (index: number, name: string) => (site.has(index) ? site.elements(index) : site.ints(name));
  const [starts, ends] = [given(1, 'starts'), given(2, 'ends')];
  const axes = site.axes(3);
  const steps = site.has(4) ? site.elements(4) : undefined;
  if (!starts || !ends || axes === 'unknown' || (site.has(4) && !steps)) return undefined;
  return { starts, ends, steps, axes };
}

const slice: Rule = (site) => {
  const input = site.shape();
  if (!input) return [unknown(site.type())];
  const found = sliceArguments(site);
  if (!found) {
    // Only the axes that are cut are in doubt, where these are known.
    const axes = site.axes(3);
    if (!axes || axes === 'unknown') return [value(site.type(), unknownShape(input.length))];
    const cutAxes = axes.map((axis) => site.axis(axis, input.length));
    return [
      value(
        site.type(),
        input.map((size, axis) => (cutAxes.includes(axis) ? unknownDim : size)),
      ),
    ];
  }
  const cuts: (Cut | undefined)[] = input.map((size) => ({ start: 0, step: 1, size }));
  for (const [index, start] of found.starts.entries()) {
    const axis = site.axis(found.axes?.[index] ?? index, input.length);
    cuts[axis] = cut(input[axis] ?? 1, start, found.ends[index] ?? 0, found.steps?.[index] ?? 1);
  }
  const shape = cuts.map((each) => each?.size ?? unknownDim);
  return [value(site.type(), shape, picked(site, input, shape, cuts))];
};

function picked(site: Site, input: Shape, shape: Shape, cuts: readonly (Cut | undefined)[]): Dim[] | undefined {
  const elements = site.elements();
  if (!elements || !allKnown(input) || !allKnown(shape)) return undefined;
  const steps = strides(input);
  return fill(shape, (index) => {
    const at = index.map((position, axis) => (cuts[axis]?.start ?? 0) + position * (cuts[axis]?.step ?? 1));
    return elements[flatIndex(at, steps)];
  });
}

const gather: Rule = (site) => {
  const [input, indices] = [site.shape(), site.shape(1)];
  if (!input || !indices) return [unknown(site.type())];
  const axis = site.axis(site.int('axis', 0), input.length);
  const shape = [...input.slice(0, axis), ...indices, ...input.slice(axis + 1)];
  const [elements, positions] = [site.elements(), site.numbers(1)];
  if (!elements || !positions || input.length !== 1 || !allKnown(shape)) return [value(site.type(), shape)];
  const taken = positions.map((position) => elements[position < 0 ? position + elements.length : position]);
  if (taken.some((element) => element === undefined)) {
    throw site.error(`an index of [${positions}] lies outside the ${elements.length} elements`);
  }
  return [value(site.type(), shape, taken as Dim[])];
};

const gatherND: Rule = (site) => {
  const [input, indices] = [site.shape(), site.shape(1)];
  const width = indices?.at(-1);
  if (!input || !indices || width === undefined || !isKnown(width)) return [unknown(site.type())];
  const batch = site.int('batch_dims', 0);
  return [value(site.type(), [...indices.slice(0, -1), ...input.slice(batch + width)])];
};

const likeIndices: Rule = (site) => [value(site.type(), site.shape(1))];
const likeData: Rule = (site) => [value(site.type(), site.shape())];

const topK: Rule = (site) => {
  const input = site.shape();
  const both = (shape?: Shape): Value[] => [value(site.type(), shape), value(DataType.INT64, shape)];
  if (!input) return both();
  const axis = site.axis(site.int('axis', -1), input.length);
  const k = site.has(1) ? (site.elements(1)?.[0] ?? unknownDim) : site.int('k', 1);
  return both(input.with(axis, k));
};

const oneHot: Rule = (site) => {
  const indices = site.shape();
  if (!indices) return [unknown(site.type(2))];
  const axis = site.int('axis', -1);
  const at = axis < 0 ? axis + indices.length + 1 : axis;
  const depth = site.elements(1)?.[0] ?? unknownDim;
  return [value(site.type(2), indices.toSpliced(at, 0, depth))];
};

const nonZero: Rule = (site) => {
  const input = site.shape();
  const elements = site.numbers(0);
  const found = elements?.flatMap((element, index) => (element === 0 ? [] : [index]));
  const rank = input?.length ?? unknownDim;
  if (!found || !input || !allKnown(input)) return [value(DataType.INT64, [rank, unknownDim])];
  const steps = strides(input);
  const positions = input.flatMap((size, axis) => found.map((at) => Math.floor(at / (steps[axis] ?? 1)) % size));
  return [value(DataType.INT64, [input.length, found.length], positions)];
};

const compress: Rule = (site) => {
  const input = site.shape();
  const axis = site.ints('axis') ? site.int('axis', 0) : undefined;
  const named = site.node.attribute.some(({ name }) => name === 'axis');
  if (!named) return [value(site.type(), [unknownDim])];
  return [value(site.type(), input?.with(site.axis(axis ?? 0, input.length), unknownDim))];
};

const unique: Rule = (site) => {
  const input = site.shape();
  const named = site.node.attribute.some(({ name }) => name === 'axis');
  const shape = named && input ? input.with(site.axis(site.int('axis', 0), input.length), unknownDim) : [unknownDim];
  const indices = value(DataType.INT64, [unknownDim]);
  const inverse = value(DataType.INT64, [named ? unknownDim : input ? count(input) : unknownDim]);
  return [value(site.type(), named && !input ? undefined : shape), indices, inverse, indices];
};

export const indexing: Rules = {
  Concat: concat,
  Split: split,
  Slice: slice,
  Gather: gather,
  GatherElements: likeIndices,
  GatherND: gatherND,
  ...rulesFor('ScatterND ScatterElements Scatter TensorScatter', likeData),
  TopK: topK,
  OneHot: oneHot,
  NonZero: nonZero,
  Compress: compress,
  Unique: unique,
  NonMaxSuppression: () => [value(DataType.INT64, [unknownDim, 3])],
};
