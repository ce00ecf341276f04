import { create } from '@bufbuild/protobuf';
import { TensorProtoSchema } from '../../../proto/gen/onnx_pb.js';
import { DataType, dims } from '../../../tensors.ts';
import type { Format, Writing } from '../format.ts';
import type { Layer } from '../layers.ts';

/** The largest finite half (IEEE 754 binary16). */
const largest = 65504;

function halves({ weight }: Layer, { build, weights }: Writing): string {
  return build.once(`halves ${weight.name}`, () => {
    const name = build.name(`${weight.name}.fp16`);
    const codes = Float16Array.from(weights.read(weight));
    // What is beyond the largest half would be infinite.
    for (let i = 0; i < codes.length; i++) {
      const value = codes[i] as number;
      if (!Number.isFinite(value)) codes[i] = Math.sign(value) * largest;
    }
    const rawData = new Uint8Array(codes.buffer);
    const shape = dims(weight).map(BigInt);
    return build.initializer(create(TensorProtoSchema, { name, dataType: DataType.FLOAT16, dims: shape, rawData }));
  });
}

/**
 * Weights stored in 16 bits and computed with in FLOAT. On CPUs the engine widens constants once, at load: the file is
 * half as large, and a layer runs neither faster nor slower. Of a table, only the rows that are picked are widened, so
 * that memory is half as well.
 */
export const fp16: Format = {
  offers: () => true,
  needs: () => [],
  write(layer, writing) {
    const { build } = writing;
    const { node, weight, input, output } = layer;
    const half = halves(layer, writing);
    const at = `${node.name}.float`;
    if (layer.kind === 'Table') {
      const picked = build.like(node, 'Gather', [half, input], build.name(`${node.name}.fp16`));
      build.node('Cast', at, [picked], { to: DataType.FLOAT }, output);
      return;
    }
    const wide = build.once(`widened ${weight.name}`, () => build.node('Cast', at, [half], { to: DataType.FLOAT }));
    node.input = node.input.map((name, index) => (index === 1 ? wide : name));
    build.push(node);
    if (layer.absorbed) build.push(layer.absorbed);
  },
};
