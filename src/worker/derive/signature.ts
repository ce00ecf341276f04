import type { Model } from '../../core/onnx/model.ts';
import { inferShapes } from '../../core/onnx/shapes/infer.ts';
import type { Value } from '../../core/onnx/shapes/value.ts';
import { DataType } from '../../core/onnx/tensors.ts';
import type { DataType as Element, TensorInfo } from '../../engines/engine.ts';

const elements: Partial<Record<DataType, Element>> = {
  [DataType.FLOAT]: 'FP32',
  [DataType.FLOAT16]: 'FP16',
  [DataType.INT8]: 'INT8',
  [DataType.UINT8]: 'UINT8',
  [DataType.INT32]: 'INT32',
  [DataType.INT64]: 'INT64',
  [DataType.BOOL]: 'BOOL',
};

export interface Signature {
  inputs: TensorInfo[];
  outputs: TensorInfo[];
}

/**
 * The inputs and outputs of a model as an engine would describe them, without loading it; undefined where the graph does
 * not say enough. Throws ModelError like inferShapes.
 */
export function signatureOf(model: Model): Signature | undefined {
  const { graph } = model;
  const { values } = inferShapes(model);
  const initial = new Set(graph.initializer.map(({ name }) => name));
  const infoOf = ({ name = '' }: { name?: string }): TensorInfo | undefined => {
    const { type, shape }: Partial<Value> = values.get(name) ?? {};
    const element = elements[type as DataType];
    return element && shape && { name, type: element, shape: shape.map((dim) => (typeof dim === 'number' ? dim : -1)) };
  };
  const inputs = graph.input.filter(({ name = '' }) => !initial.has(name)).map(infoOf);
  const outputs = graph.output.map(infoOf);
  const known = (infos: (TensorInfo | undefined)[]): infos is TensorInfo[] => !infos.includes(undefined);
  return known(inputs) && known(outputs) ? { inputs, outputs } : undefined;
}
