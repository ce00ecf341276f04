import { create } from '@bufbuild/protobuf';
import { uniformFloat32 } from 'pure-rand/distribution/uniformFloat32';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { makeNode } from '../../../src/core/onnx/graph.ts';
import { encode, type Model, type NodeProto, type TensorProto } from '../../../src/core/onnx/model.ts';
import { ModelProtoSchema } from '../../../src/core/onnx/proto/gen/onnx_pb.js';
import { DataType, tensor } from '../../../src/core/onnx/tensors.ts';

const [channels, convolutions, side] = [64, 12, 32];
const [width, hidden, blocks, classes] = [512, 1024, 19, 100];

const valueInfo = (name: string, shape: number[]) => ({
  name,
  type: {
    value: {
      case: 'tensorType' as const,
      value: {
        elemType: DataType.FLOAT,
        shape: {
          dim: [
            { value: { case: 'dimParam' as const, value: 'N' } },
            ...shape.map((size) => ({ value: { case: 'dimValue' as const, value: BigInt(size) } })),
          ],
        },
      },
    },
  },
});

/**
 * A model of about 80 MB and 170 nodes with seeded random weights: twelve residual convolutions, then feed-forward blocks
 * with layer normalisation as transformers have them, then 100 scores for each row of `image` [N, 3, 32, 32].
 */
export function sampleModel(): Uint8Array {
  const random = xoroshiro128plus(7);
  const weights: TensorProto[] = [];
  const nodes: NodeProto[] = [];
  let last = 'image';
  /** Uniform weights that keep the variance of what flows through (He et al. 2015). */
  const weight = (name: string, shape: number[], fanIn: number) => {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    const scale = Math.sqrt(3 / fanIn);
    for (let i = 0; i < data.length; i++) data[i] = (2 * uniformFloat32(random) - 1) * scale;
    weights.push(tensor(name, data, shape));
    return name;
  };
  const constant = (name: string, value: number, size: number) => {
    weights.push(tensor(name, new Float32Array(size).fill(value), [size]));
    return name;
  };
  const add = (opType: string, inputs: string[], attributes = {}) => {
    const name = `${opType}_${nodes.length}`;
    nodes.push(makeNode(opType, name, inputs, [`${name}.out`], attributes));
    last = `${name}.out`;
    return last;
  };
  for (let i = 0; i < convolutions; i++) {
    const [before, inputs] = [last, i === 0 ? 3 : channels];
    const parameters = [
      weight(`conv${i}.w`, [channels, inputs, 3, 3], inputs * 9),
      constant(`conv${i}.b`, 0.01, channels),
    ];
    add('Conv', [before, ...parameters], {
      kernel_shape: [3n, 3n],
      pads: [1n, 1n, 1n, 1n],
      strides: i % 6 === 0 ? [2n, 2n] : [1n, 1n],
    });
    add('Relu', [last]);
    if (i % 6 !== 0) add('Add', [last, before]);
  }
  add('GlobalAveragePool', [last]);
  add('Flatten', [last]);
  add('MatMul', [last, weight('embed.w', [channels, width], channels)]);
  for (let i = 0; i < blocks; i++) {
    const before = last;
    add('LayerNormalization', [before, constant(`norm${i}.scale`, 1, width), constant(`norm${i}.shift`, 0, width)]);
    add('MatMul', [last, weight(`up${i}.w`, [width, hidden], width)]);
    add('Add', [last, constant(`up${i}.b`, 0.01, hidden)]);
    add('Relu', [last]);
    add('MatMul', [last, weight(`down${i}.w`, [hidden, width], hidden)]);
    add('Add', [last, constant(`down${i}.b`, 0.01, width)]);
    add('Add', [last, before]);
  }
  add('MatMul', [last, weight('head.w', [width, classes], width)]);
  const output = add('Add', [last, constant('head.b', 0, classes)]);
  const model = create(ModelProtoSchema, {
    irVersion: 9n,
    opsetImport: [{ domain: '', version: 17n }],
    graph: {
      ...{ name: 'sample', node: nodes, initializer: weights },
      input: [valueInfo('image', [3, side, side])],
      output: [valueInfo(output, [classes])],
    },
  });
  return encode(model as Model);
}
