import type { DependencyRule, DependencyRules, Operation } from '../operation.ts';
import { rulesFor } from '../operation.ts';

const whole = 'it is a spatial axis';
const isNumber = (size: unknown): size is number => typeof size === 'number';

function freezeSpatial(operation: Operation): void {
  for (let axis = 2; axis < operation.rank(); axis++) {
    operation.graph.freeze(operation.in(0, axis), whole);
    operation.graph.freeze(operation.out(0, axis), whole);
  }
  operation.graph.same(operation.in(0, 0), operation.out(0, 0));
}

const pads = (operation: Operation) =>
  operation.text('auto_pad', 'NOTSET').startsWith('SAME') || (operation.ints('pads') ?? []).some((pad) => pad !== 0);

/** Each block of input channels meets the same rows of the weights, so it loses the same entries as the others. */
function blocks(operation: Operation, groups: number, inputs: number, outputs: number): void {
  const [read, weightIn] = [operation.in(0, 1), operation.in(1, 1)];
  const [made, weightOut] = [operation.out(0, 1), operation.in(1, 0)];
  const { pairings } = operation.graph;
  if (read !== undefined) {
    const from = (k: number) => k;
    const to = (k: number) => k % inputs;
    if (weightIn === undefined) operation.graph.freeze(read, 'each group of a Conv reads one channel');
    else pairings.push({ a: read, b: weightIn, count: groups * inputs, from, to });
  }
  if (made === undefined) return;
  operation.graph.same(made, weightOut);
  pairings.push({ a: made, b: made, count: groups * outputs, from: (k) => k, to: (k) => k % outputs });
}

/** Weights are [outputs, inputs of a group, …]; a group of one input is a depthwise Conv, which mixes nothing. */
const conv: DependencyRule = (operation) => {
  const [outputs, inputs] = operation.shape(1) ?? [];
  const groups = operation.int('group', 1);
  if (!operation.isWeight(1) || !isNumber(outputs) || !isNumber(inputs) || groups < 1 || outputs % groups > 0) {
    operation.freezeAll('the weights of its Conv are no FLOAT constant');
    return;
  }
  freezeSpatial(operation);
  for (let axis = 2; axis < operation.rank(1); axis++) operation.graph.freeze(operation.in(1, axis), whole);
  if (operation.has(2)) operation.graph.same(operation.in(2, 0), operation.out(0, 1));
  const [read, made] = [operation.in(0, 1), operation.out(0, 1)];
  const { node, graph, mixers } = operation;
  const consumer = { node, input: node.input[0] ?? '', axis: 1, weight: node.input[1] ?? '', weightAxis: 1 };
  if (groups > 1 && inputs === 1) {
    graph.same(made, operation.in(1, 0));
    const each = outputs / groups;
    if (read === undefined || made === undefined) graph.freeze(made, 'its Conv has a single group');
    else graph.pairings.push({ a: read, b: made, count: outputs, from: (k) => Math.floor(k / each), to: (k) => k });
    return;
  }
  if (groups === 1) {
    graph.same(read, operation.in(1, 1));
    graph.same(made, operation.in(1, 0));
  } else blocks(operation, groups, inputs, outputs / groups);
  mixers.consumers.push({ ...consumer, blocks: groups, bias: pads(operation) ? 'none' : 'input' });
  if (made !== undefined) mixers.producers.push({ node, axis: made });
};

/** Weights are [inputs, outputs of a group, …]. */
const convTranspose: DependencyRule = (operation) => {
  const { node, graph, mixers } = operation;
  if (!operation.isWeight(1) || operation.int('group', 1) !== 1) {
    operation.freezeAll('its ConvTranspose has groups, or weights that are no FLOAT constant');
    return;
  }
  freezeSpatial(operation);
  for (let axis = 2; axis < operation.rank(1); axis++) graph.freeze(operation.in(1, axis), whole);
  const made = operation.out(0, 1);
  graph.same(operation.in(0, 1), operation.in(1, 0));
  graph.same(made, operation.in(1, 1));
  if (operation.has(2)) graph.same(operation.in(2, 0), made);
  // How many taps meet at a position differs from position to position: a constant can't stand for what is cut.
  const [input = '', weight = ''] = node.input;
  mixers.consumers.push({ node, input, axis: 1, weight, weightAxis: 0, blocks: 1, bias: 'none' });
  if (made !== undefined) mixers.producers.push({ node, axis: made });
};

const pool: DependencyRule = (operation) => {
  freezeSpatial(operation);
  operation.graph.same(operation.in(0, 1), operation.out(0, 1));
  // Indices count through all channels.
  if (operation.node.output[1]) operation.freezeAll('MaxPool numbers its elements');
};

/** An axis that keeps its size is copied entry by entry. */
const resize: DependencyRule = (operation) => {
  const made = operation.outShape() ?? [];
  operation.through((axis) => (operation.shape()?.[axis] === made[axis] && axis < 2 ? undefined : whole));
};

export const convolutions: DependencyRules = {
  Conv: conv,
  ConvTranspose: convTranspose,
  ...rulesFor('AveragePool GlobalAveragePool GlobalLpPool GlobalMaxPool LpPool MaxPool', pool),
  ...rulesFor('Resize Upsample', resize),
};
