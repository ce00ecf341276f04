import type { DependencyRule, DependencyRules } from '../operation.ts';

const rankOne = 'a vector is multiplied by a matrix';

/** A[…, M, K] by B[…, K, N]: K is summed over, and either operand may be the weights. */
const matMul: DependencyRule = (operation) => {
  const { node, graph, mixers } = operation;
  const [a, b] = [operation.rank(0), operation.rank(1)];
  if (a < 2 || b < 2) {
    operation.freezeAll(rankOne);
    return;
  }
  const made = operation.outShape()?.length ?? 0;
  operation.broadcast([0, 1], made - 2);
  const [rows, columns] = [operation.out(0, made - 2), operation.out(0, made - 1)];
  graph.same(operation.in(0, a - 2), rows);
  graph.same(operation.in(1, b - 1), columns);
  graph.same(operation.in(0, a - 1), operation.in(1, b - 2));
  const [left = '', right = ''] = node.input;
  if (operation.isWeight(1) && b === 2) {
    mixers.consumers.push({ node, input: left, axis: a - 1, weight: right, weightAxis: 0, blocks: 1, bias: 'add' });
    if (columns !== undefined) mixers.producers.push({ node, axis: columns });
  } else if (operation.isWeight(0) && a === 2) {
    mixers.consumers.push({ node, input: right, axis: b - 2, weight: left, weightAxis: 1, blocks: 1, bias: 'none' });
    if (rows !== undefined) mixers.producers.push({ node, axis: rows });
  } else {
    const reason = 'two activations are multiplied over it, or by weights that are no FLOAT matrix';
    graph.freeze(operation.in(0, a - 1), reason);
    for (let axis = 0; axis < made - 2; axis++) {
      const batch = operation.out(0, axis);
      if (batch !== undefined) graph.batched.push(batch);
    }
  }
};

/** alpha·A·B + beta·C with A [M, K] and B [K, N], each transposed where the attributes say so. */
const gemm: DependencyRule = (operation) => {
  const { node, graph, mixers } = operation;
  if (operation.rank(0) !== 2 || operation.rank(1) !== 2) {
    operation.freezeAll(rankOne);
    return;
  }
  const [a, b] = [operation.int('transA', 0) ? 1 : 0, operation.int('transB', 0) ? 1 : 0];
  const columns = operation.out(0, 1);
  graph.same(operation.in(0, a), operation.out(0, 0));
  graph.same(operation.in(1, 1 - b), columns);
  graph.same(operation.in(0, 1 - a), operation.in(1, b));
  if (operation.has(2)) operation.broadcast([2]);
  if (!operation.isWeight(1)) {
    graph.freeze(operation.in(0, 1 - a), 'the weights of its Gemm are no FLOAT constant');
    return;
  }
  const scaled = ['alpha', 'beta'].some((name) => node.attribute.some((each) => each.name === name && each.f !== 1));
  const [input = '', weight = ''] = node.input;
  const bias = scaled ? 'none' : 'input';
  mixers.consumers.push({ node, input, axis: 1 - a, weight, weightAxis: b, blocks: 1, bias });
  if (columns !== undefined) mixers.producers.push({ node, axis: columns });
};

export const products: DependencyRules = { MatMul: matMul, Gemm: gemm };
