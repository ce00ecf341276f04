import { create } from '@bufbuild/protobuf';
import type { Model, TensorProto } from '../../model.ts';
import { ModelError } from '../../model.ts';
import { TensorProtoSchema } from '../../proto/gen/onnx_pb.js';
import { type Inference, inferShapes } from '../../shapes/infer.ts';
import { isInteger } from '../../tensor-data/element-types.ts';
import { hasRawData } from '../../tensor-data/elements.ts';
import { dims, takeAxis } from '../../tensors.ts';
import { cutModel, type Kept } from './cut.ts';

/** Tensors of fewer elements keep them, for shapes may depend on the elements. */
const fewElements = 4096;

/** The tensor after a cut, without its elements where they are many: enough to infer shapes. */
function takeShape(source: TensorProto, axis: number, indices: readonly number[]): TensorProto {
  const shape = dims(source);
  const held = hasRawData(source) || source.floatData.length > 0;
  const few = shape.reduce((product, size) => product * size, 1) <= fewElements;
  if (held && few) return takeAxis(source, axis, indices);
  const { name, dataType } = source;
  return create(TensorProtoSchema, { name, dataType, dims: shape.with(axis, indices.length).map(BigInt) });
}

/** Operators that read sizes as sizes; others that make floats of them read them as numbers. */
const takesSizes = new Set(['Reshape', 'Expand', 'ConstantOfShape', 'Resize', 'Split', 'Slice', 'Tile', 'Pad']);

/**
 * Why a cut model would not compute what is left of the values of the original: a shape that comes out otherwise, or a
 * size that is cut and reckoned with as a number. Undefined where all is well.
 */
function misfit({ values: before }: Inference, { values: after, order }: Inference, kept: Kept): string | undefined {
  for (const [name, { shape }] of before) {
    // Values that only the cut model lacks are sizes that were replaced.
    const found = after.get(name);
    if (!shape || !found) continue;
    for (const [axis, size] of shape.entries()) {
      const expected = kept(name, axis)?.length ?? size;
      const got = found.shape?.[axis];
      if (typeof expected === 'number' && got !== expected) return `"${name}" would be of shape [${found.shape}]`;
    }
  }
  for (const { opType = '', input, output } of order) {
    const changed = input.some((name) => {
      const [was, is] = [before.get(name)?.elements, after.get(name)?.elements];
      return isInteger(before.get(name)?.type ?? 0) && was && is && was.join() !== is.join();
    });
    if (!changed || takesSizes.has(opType) || isInteger(after.get(output[0] ?? '')?.type ?? 0)) continue;
    return `"${output[0]}" reckons with a size that is cut`;
  }
  return undefined;
}

/** Whether the model can be cut to what `kept` leaves, by the shapes that the cut graph would have. */
export function whyNot(model: Model, inference: Inference, kept: Kept): string | undefined {
  try {
    return misfit(inference, inferShapes(cutModel(model, inference, kept, takeShape)), kept);
  } catch (error) {
    if (error instanceof ModelError) return error.message;
    throw error;
  }
}
