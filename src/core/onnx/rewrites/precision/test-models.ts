/** Small models of the families that precision is chosen in; for tests only. */
import { modelWith } from '../../fixtures.ts';
import { makeNode } from '../../graph.ts';
import type { Model, NodeProto, TensorProto } from '../../model.ts';
import { tensor } from '../../tensors.ts';

/** Numbers that look normal: sums of a linear congruential generator's (Park and Miller 1988). */
export function normals(seed: number): (size: number, deviation?: number) => Float32Array {
  let state = seed;
  const uniform = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  return (size, deviation = 1) =>
    Float32Array.from({ length: size }, () => (uniform() + uniform() + uniform() + uniform() - 2) * 1.73 * deviation);
}

/** Collects the weights of a model that is being written down. */
function weights(seed: number) {
  const draw = normals(seed);
  const initializers: TensorProto[] = [];
  const weight = (name: string, shape: number[], deviation?: number) => {
    const size = shape.reduce((product, each) => product * each, 1);
    const fanIn = size / (shape.length === 4 ? (shape[0] ?? 1) : (shape.at(-1) ?? 1));
    initializers.push(tensor(name, draw(size, deviation ?? 1 / Math.sqrt(fanIn)), shape));
    return name;
  };
  const constant = (name: string, ...values: number[]) => {
    initializers.push(tensor(name, Float32Array.from(values)));
    return name;
  };
  const integers = (name: string, ...values: number[]) => {
    initializers.push(tensor(name, BigInt64Array.from(values, BigInt), [values.length]));
    return name;
  };
  return { initializers, weight, constant, integers };
}

/** MatMul with its bias as an addition and a Relu; Gemm in each of its forms; a product without bias. */
export function mlp(): Model {
  const { initializers, weight } = weights(11);
  const nodes = [
    makeNode('MatMul', 'fc1', ['x', weight('w1', [48, 64])], ['m1']),
    makeNode('Add', 'bias1', ['m1', weight('b1', [64], 0.3)], ['a1']),
    makeNode('Relu', 'relu1', ['a1'], ['h1']),
    makeNode('Gemm', 'fc2', ['h1', weight('w2', [64, 64]), weight('b2', [64], 0.3)], ['a2'], { transB: 1 }),
    makeNode('Relu', 'relu2', ['a2'], ['h2']),
    makeNode('MatMul', 'fc3', ['h2', weight('w3', [64, 48])], ['h3']),
    makeNode('Gemm', 'fc4', ['h3', weight('w4', [48, 16]), weight('b4', [1, 16], 0.3)], ['y'], {
      ...{ alpha: { float: 0.5 }, beta: { float: 2 } },
    }),
  ];
  return modelWith({ inputs: { x: ['N', 48] }, initializers, nodes, outputs: ['y'], opset: 17 });
}

/** Residual blocks of convolutions, depthwise ones and HardSwish among them, a gate, pooling and a concatenation. */
export function residualCnn(): Model {
  const { initializers, weight, constant } = weights(12);
  const conv = (name: string, input: string, shape: number[], group = 1, bias = true): NodeProto => {
    const inputs = [input, weight(`${name}.w`, shape), ...(bias ? [weight(`${name}.b`, [shape[0] ?? 0], 0.2)] : [])];
    const pad = BigInt(((shape[2] ?? 1) - 1) / 2);
    return makeNode('Conv', name, inputs, [`${name}.y`], { group, pads: [pad, pad, pad, pad] });
  };
  const nodes = [
    conv('stem', 'x', [16, 3, 3, 3]),
    makeNode('Relu', 'relu0', ['stem.y'], ['r0']),
    makeNode('MaxPool', 'pool', ['r0'], ['p0'], { kernel_shape: [2n, 2n], strides: [2n, 2n] }),
    conv('one', 'p0', [16, 16, 3, 3]),
    makeNode('Clip', 'relu6', ['one.y', constant('zero', 0), constant('six', 6)], ['c1']),
    conv('two', 'c1', [16, 16, 3, 3], 1, false),
    makeNode('Add', 'bias2', ['two.y', weight('two.outside', [1, 16, 1, 1], 0.2)], ['two.a']),
    makeNode('Add', 'skip', ['two.a', 'p0'], ['s1']),
    makeNode('Relu', 'relu1', ['s1'], ['r1']),
    conv('deep', 'r1', [16, 1, 5, 5], 16),
    makeNode('HardSwish', 'swish', ['deep.y'], ['h1']),
    makeNode('GlobalAveragePool', 'squeeze', ['h1'], ['q1']),
    conv('gate', 'q1', [16, 16, 1, 1]),
    makeNode('HardSigmoid', 'open', ['gate.y'], ['g1'], { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }),
    makeNode('Mul', 'excite', ['h1', 'g1'], ['e1']),
    conv('point', 'e1', [24, 16, 1, 1]),
    makeNode('Sigmoid', 'sigmoid', ['point.y'], ['t1']),
    makeNode('Mul', 'silu', ['point.y', 't1'], ['u1']),
    makeNode('Concat', 'both', ['u1', 'r1'], ['k1'], { axis: 1 }),
    conv('last', 'k1', [32, 40, 3, 3]),
    makeNode('LeakyRelu', 'leaky', ['last.y'], ['l1'], { alpha: { float: 0.1 } }),
    makeNode('GlobalAveragePool', 'mean', ['l1'], ['a1']),
    makeNode('Flatten', 'flat', ['a1'], ['f1']),
    makeNode('Gemm', 'head', ['f1', weight('head.w', [10, 32]), weight('head.b', [10], 0.2)], ['y'], { transB: 1 }),
  ];
  return modelWith({ inputs: { x: ['N', 3, 16, 16] }, initializers, nodes, outputs: ['y', 'r1'], opset: 17 });
}

/** An encoder block over a table of tokens: one head of attention, then Gelu by Erf; sizes 64 and 128. */
export function transformerBlock(): Model {
  const { initializers, weight, constant, integers } = weights(13);
  const linear = (name: string, input: string, k: number, n: number): NodeProto[] => [
    makeNode('MatMul', name, [input, weight(`${name}.w`, [k, n])], [`${name}.m`]),
    makeNode('Add', `${name}.add`, [weight(`${name}.b`, [n], 0.1), `${name}.m`], [`${name}.y`]),
  ];
  const norm = (name: string, input: string): NodeProto =>
    makeNode(
      'LayerNormalization',
      name,
      [input, weight(`${name}.g`, [64], 1), weight(`${name}.s`, [64], 0.1)],
      [`${name}.y`],
    );
  const nodes = [
    makeNode('Cast', 'ids', ['x'], ['tokens'], { to: 7 }),
    makeNode('Gather', 'embed', [weight('table', [100, 64], 1), 'tokens'], ['e']),
    norm('norm0', 'e'),
    ...['q', 'k', 'v'].flatMap((name) => linear(name, 'norm0.y', 64, 64)),
    makeNode('Transpose', 'kt', ['k.y'], ['kt'], { perm: [0n, 2n, 1n] }),
    makeNode('MatMul', 'scores', ['q.y', 'kt'], ['scores']),
    makeNode('Mul', 'scaled', ['scores', constant('scale', 1 / 8)], ['scaled']),
    makeNode('Softmax', 'softmax', ['scaled'], ['p']),
    makeNode('MatMul', 'context', ['p', 'v.y'], ['context']),
    ...linear('out', 'context', 64, 64),
    makeNode('Add', 'residual1', ['out.y', 'norm0.y'], ['r1']),
    norm('norm1', 'r1'),
    ...linear('up', 'norm1.y', 64, 128),
    makeNode('Div', 'gelu.div', ['up.y', constant('root2', Math.SQRT2)], ['g.div']),
    makeNode('Erf', 'gelu.erf', ['g.div'], ['g.erf']),
    makeNode('Add', 'gelu.add', ['g.erf', constant('one', 1)], ['g.add']),
    makeNode('Mul', 'gelu.mul', ['up.y', 'g.add'], ['g.mul']),
    makeNode('Mul', 'gelu.half', ['g.mul', constant('half', 0.5)], ['g']),
    ...linear('down', 'g', 128, 64),
    makeNode('Add', 'residual2', ['down.y', 'norm1.y'], ['r2']),
    norm('norm2', 'r2'),
    makeNode('Reshape', 'rows', ['norm2.y', integers('rows.shape', -1, 8, 64)], ['y']),
  ];
  return modelWith({ inputs: { x: ['N', 8] }, initializers, nodes, outputs: ['y'], opset: 17 });
}
