import { type DependencyRule, type DependencyRules, type Operation, rulesFor } from '../operation.ts';

const normalised = 'it is normalised over';

/** Normalises over one axis; before opset 13 over all axes from that one on. */
const softmax: DependencyRule = (operation) => {
  const rank = operation.rank();
  const later = operation.opset >= 13;
  const axis = operation.axis(operation.int('axis', later ? -1 : 1), rank);
  operation.through((each) => ((later ? each === axis : each >= axis) ? normalised : undefined));
};

/** Normalises over all axes from one on, with a scale and a bias for each entry of them. */
const fromAxis: DependencyRule = (operation) => {
  const axis = operation.axis(operation.int('axis', -1), operation.rank());
  operation.through((each) => (each >= axis ? normalised : undefined));
  freezeOthers(operation);
};

function freezeOthers(operation: Operation): void {
  for (let index = 1; index < operation.inputs.length; index++) operation.freezeInput(index, normalised);
}

/** Each channel by itself: scale, bias and statistics go with the channels. */
const perChannel: DependencyRule = (operation) => {
  if (operation.int('training_mode', 0) || operation.node.output.length > 1) {
    operation.freezeAll('it is normalised by a node in training mode');
    return;
  }
  operation.through();
  for (let index = 1; index < operation.inputs.length; index++) {
    operation.graph.same(operation.in(index, 0), operation.out(0, 1));
  }
};

const reduce: DependencyRule = (operation) => {
  const rank = operation.rank();
  const axes = operation.axes(1);
  if (axes === 'unknown') {
    operation.freezeAll('it is reduced over axes that are not constant');
    return;
  }
  const all = !axes?.length && !operation.int('noop_with_empty_axes', 0);
  const reduced = new Set(all ? Array(rank).keys() : (axes ?? []).map((axis) => operation.axis(axis, rank)));
  const kept = operation.int('keepdims', 1) !== 0;
  let next = 0;
  for (let axis = 0; axis < rank; axis++) {
    if (reduced.has(axis)) operation.graph.freeze(operation.in(0, axis), `${operation.node.opType} runs over it`);
    else operation.graph.same(operation.in(0, axis), operation.out(0, kept ? axis : next));
    if (!reduced.has(axis)) next++;
  }
};

const argument: DependencyRule = (operation) => {
  const rank = operation.rank();
  const over = operation.axis(operation.int('axis', 0), rank);
  const kept = operation.int('keepdims', 1) !== 0;
  for (let axis = 0; axis < rank; axis++) {
    if (axis === over) operation.graph.freeze(operation.in(0, axis), `${operation.node.opType} runs over it`);
    else operation.graph.same(operation.in(0, axis), operation.out(0, kept || axis < over ? axis : axis - 1));
  }
};

export const normalizations: DependencyRules = {
  ...rulesFor('Softmax LogSoftmax Hardmax', softmax),
  ...rulesFor('LayerNormalization RMSNormalization', fromAxis),
  ...rulesFor('BatchNormalization InstanceNormalization', perChannel),
  ...rulesFor(
    'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare',
    reduce,
  ),
  ...rulesFor('ArgMax ArgMin', argument),
  LRN: (operation) => {
    operation.through((axis) => (axis === 1 ? normalised : undefined));
  },
  LpNormalization: (operation) => {
    const over = operation.axis(operation.int('axis', -1), operation.rank());
    operation.through((axis) => (axis === over ? normalised : undefined));
  },
};
