import { allKnown, isKnown } from '../../shapes/dims.ts';
import type { DependencyRule, DependencyRules, Operation } from '../operation.ts';
import { rulesFor } from '../operation.ts';
import { regroupedAxes } from '../regroup.ts';

const transpose: DependencyRule = (operation) => {
  const rank = operation.rank();
  const order = operation.ints('perm') ?? [...Array(rank).keys()].reverse();
  order.forEach((from, axis) => {
    operation.graph.same(operation.in(0, from), operation.out(0, axis));
  });
};

const reshape: DependencyRule = (operation) => {
  const [input, output] = [operation.shape() ?? [], operation.outShape() ?? []];
  const open = { inputs: new Set(input.keys()), outputs: new Set(output.keys()) };
  for (const { inputs, outputs } of regroupedAxes(input, output)) {
    const sized = (axes: number[], shape: typeof input, at: (axis: number) => number | undefined) =>
      axes.map((axis) => ({ axis: at(axis), size: Number(shape[axis]) }));
    const known = [...inputs.map((axis) => input[axis]), ...outputs.map((axis) => output[axis])].every(
      Number.isInteger,
    );
    for (const axis of inputs) open.inputs.delete(axis);
    for (const axis of outputs) open.outputs.delete(axis);
    if (!known) continue;
    operation.regroup(
      sized(inputs, input, (axis) => operation.in(0, axis)),
      sized(outputs, output, (axis) => operation.out(0, axis)),
    );
  }
  const reason = 'Reshape mixes it with axes whose sizes are not known';
  for (const axis of open.inputs) operation.graph.freeze(operation.in(0, axis), reason);
  for (const axis of open.outputs) operation.graph.freeze(operation.out(0, axis), reason);
};

/** `longer` has the axes of `shorter` and those named besides, each of size 1. */
function inserted(operation: Operation, longer: 'in' | 'out'): void {
  const ranks = [operation.rank(), operation.outShape()?.length ?? 0];
  const rank = Math.max(...ranks);
  const axes = operation.axes(1);
  if (axes === 'unknown' || (!axes && longer === 'out')) {
    operation.freezeAll(`${operation.node.opType} has axes that are not constant`);
    return;
  }
  const ones = (operation.shape() ?? []).flatMap((size, axis) => (size === 1 ? [axis] : []));
  const skipped = new Set((axes ?? ones).map((axis) => operation.axis(axis, rank)));
  let next = 0;
  for (let axis = 0; axis < rank; axis++) {
    const [long, short] = longer === 'in' ? (['in', 'out'] as const) : (['out', 'in'] as const);
    if (skipped.has(axis)) operation.graph.freeze(operation[long](0, axis), 'it is an axis of size 1');
    else operation.graph.same(operation[long](0, axis), operation[short](0, next++));
  }
}

/** Parts side by side: each entry of the whole is an entry of one part. */
function parts(operation: Operation, whole: 'in' | 'out', many: 'in' | 'out', axis: number, sizes: unknown[]): void {
  const { graph } = operation;
  const all = operation[whole](0, axis);
  if (!sizes.every(Number.isInteger)) {
    graph.freeze(all, 'parts of unknown size lie side by side in it');
    sizes.forEach((_, index) => {
      graph.freeze(operation[many](index, axis), 'it lies beside parts of unknown size');
    });
    return;
  }
  let offset = 0;
  for (const [index, size] of (sizes as number[]).entries()) {
    const [part, start] = [operation[many](index, axis), offset];
    offset += size;
    if (all === undefined) graph.freeze(part, 'it meets an axis of unknown size');
    else if (part !== undefined) {
      graph.pairings.push({ a: part, b: all, count: size, from: (k) => k, to: (k) => start + k });
    } else if (size === 1) graph.frozenEntries.push({ axis: all, index: start, reason: 'it is an axis of size 1' });
  }
}

const concat: DependencyRule = (operation) => {
  const rank = operation.rank();
  const over = operation.axis(operation.int('axis', 0), rank);
  operation.node.input.forEach((_, index) => {
    for (let axis = 0; axis < rank; axis++) {
      if (axis !== over) operation.graph.same(operation.in(index, axis), operation.out(0, axis));
    }
  });
  parts(
    operation,
    'out',
    'in',
    over,
    operation.inputs.map((input) => input?.shape?.[over]),
  );
};

const split: DependencyRule = (operation) => {
  const rank = operation.rank();
  const over = operation.axis(operation.int('axis', 0), rank);
  operation.outputs.forEach((_, index) => {
    for (let axis = 0; axis < rank; axis++) {
      if (axis !== over) operation.graph.same(operation.in(0, axis), operation.out(index, axis));
    }
  });
  parts(
    operation,
    'in',
    'out',
    over,
    operation.outputs.map((output) => output?.shape?.[over]),
  );
};

/** Columns of an embedding table, or entries picked along one axis: the other axes pass. */
const gather: DependencyRule = (operation) => {
  const { graph, node, mixers } = operation;
  const [rank, picked] = [operation.rank(), operation.rank(1)];
  const over = operation.axis(operation.int('axis', 0), rank);
  for (let axis = 0; axis < rank; axis++) {
    if (axis === over) graph.freeze(operation.in(0, axis), 'Gather picks from it');
    else graph.same(operation.in(0, axis), operation.out(0, axis < over ? axis : axis + picked - 1));
  }
  for (let axis = 0; axis < picked; axis++) graph.same(operation.in(1, axis), operation.out(0, over + axis));
  const columns = operation.out(0, picked);
  if (operation.isWeight(0) && rank === 2 && over === 0 && columns !== undefined) {
    mixers.producers.push({ node, axis: columns });
  }
};

/** Only axes that are not cut pass; a Slice or Pad of an axis goes by its numbers. */
function elsewhere(touched: (operation: Operation) => ReadonlySet<number> | undefined): DependencyRule {
  return (operation) => {
    const found = touched(operation);
    const reason = `${operation.node.opType} goes by its positions`;
    if (!found) operation.freezeAll(reason);
    else operation.through((axis) => (found.has(axis) ? reason : undefined));
  };
}

function slicedAxes(operation: Operation): Set<number> | undefined {
  const rank = operation.rank();
  const count = operation.has(1) ? operation.shape(1)?.[0] : operation.ints('starts')?.length;
  const axes = operation.has(1) ? (operation.has(3) ? operation.numbers(3) : undefined) : operation.ints('axes');
  if (axes) return new Set(axes.map((axis) => operation.axis(axis, rank)));
  const all = !operation.has(3) && count !== undefined && isKnown(count);
  return all ? new Set(Array(count).keys()) : undefined;
}

function paddedAxes(operation: Operation): Set<number> | undefined {
  const rank = operation.rank();
  const pads = operation.has(1) ? operation.numbers(1) : operation.ints('pads');
  const axes = operation.has(3) ? operation.numbers(3) : [...Array(rank).keys()];
  if (!pads || !axes || pads.length !== 2 * axes.length) return undefined;
  const changed = axes.filter((_, index) => pads[index] !== 0 || pads[index + axes.length] !== 0);
  return new Set(changed.map((axis) => operation.axis(axis, rank)));
}

function tiledAxes(operation: Operation): Set<number> | undefined {
  const repeats = operation.numbers(1);
  return repeats && new Set(repeats.flatMap((times, axis) => (times === 1 ? [] : [axis])));
}

export const layout: DependencyRules = {
  Transpose: transpose,
  ...rulesFor('Reshape Flatten', reshape),
  Squeeze: (operation) => {
    if (operation.has(1) || operation.ints('axes') || allKnown(operation.shape())) inserted(operation, 'in');
    else operation.freezeAll('Squeeze drops axes that are not known');
  },
  Unsqueeze: (operation) => {
    inserted(operation, 'out');
  },
  Concat: concat,
  Split: split,
  Gather: gather,
  Slice: elsewhere(slicedAxes),
  Pad: elsewhere(paddedAxes),
  Tile: elsewhere(tiledAxes),
  Expand: (operation) => {
    operation.broadcast([0]);
  },
  CumSum: elsewhere((operation) => {
    const [axis] = operation.numbers(1) ?? [];
    return axis === undefined ? undefined : new Set([operation.axis(axis, operation.rank())]);
  }),
  // The sizes of what it reads follow by themselves; that what is made of them fits is checked on the cut graph.
  Shape: () => undefined,
};
