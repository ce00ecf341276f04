import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { consumersOf, initializerOf } from '../../../src/core/onnx/graph.ts';
import type { GraphProto, Model } from '../../../src/core/onnx/model.ts';
import { dims } from '../../../src/core/onnx/tensors.ts';
import type { Tensor, TensorInfo } from '../../../src/engines/engine.ts';

/** Sizes for what a model leaves open: an image's sides where there are four axes, else a sequence. */
const [openSide, openLength] = [224, 32];

/** How many rows the tables have that an integer input looks up in, seen through casts; undefined where it is no index. */
function vocabulary(graph: GraphProto, name: string): number | undefined {
  for (const node of consumersOf(graph, name)) {
    if (node.opType === 'Gather' && node.input[1] === name) {
      const table = initializerOf(graph, node.input[0]);
      if (table) return dims(table)[0];
    }
    if (node.opType === 'Cast' && node.output[0]) {
      const found = vocabulary(graph, node.output[0]);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** A standard normal number (Box and Muller 1958). */
const normal = (random: RandomGenerator) =>
  Math.sqrt(-2 * Math.log(1 - uniformFloat64(random))) * Math.cos(2 * Math.PI * uniformFloat64(random));

function randomTensor(graph: GraphProto, info: TensorInfo, rows: number, random: RandomGenerator): Tensor {
  const open = info.shape.length === 4 ? openSide : openLength;
  const shape = [rows, ...info.shape.slice(1).map((size) => (size > 0 ? size : open))];
  const length = shape.reduce((product, size) => product * size, 1);
  const fill = <T>(make: () => T) => Array.from({ length }, make);
  if (info.type === 'FP32') return { type: 'FP32', shape, data: Float32Array.from(fill(() => normal(random))) };
  const rowsOfTable = vocabulary(graph, info.name);
  // A mask that hides nothing; other integers that index nothing are small.
  const integer = /mask/i.test(info.name) ? () => 1 : () => uniformInt(random, 0, (rowsOfTable ?? 2) - 1);
  if (info.type === 'INT64') return { type: 'INT64', shape, data: BigInt64Array.from(fill(() => BigInt(integer()))) };
  if (info.type === 'INT32') return { type: 'INT32', shape, data: Int32Array.from(fill(integer)) };
  if (info.type === 'UINT8')
    return { type: 'UINT8', shape, data: Uint8Array.from(fill(() => uniformInt(random, 0, 255))) };
  throw new Error(`no random inputs of type ${info.type} are made for "${info.name}": give --data`);
}

/** Inputs that mean nothing: floats are standard normal, integers rows of the table that they look up in. */
export function randomInputs(
  { graph }: Model,
  inputs: TensorInfo[],
  rows: number,
  seed: number,
): Record<string, Tensor> {
  const random = xoroshiro128plus(seed);
  return Object.fromEntries(inputs.map((info) => [info.name, randomTensor(graph, info, rows, random)]));
}
