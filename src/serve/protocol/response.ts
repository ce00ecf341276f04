import type { Tensor } from '../../engines/engine.ts';
import { jsonValues } from './datatypes.ts';
import { type Inference, RequestError } from './request.ts';

export interface Answer {
  body: Uint8Array<ArrayBuffer>;
  /** Length of the JSON in front of binary tensors; undefined when there are none. */
  headerLength?: number;
}

/** The answer to an inference: JSON, and after it the outputs that were asked for as bytes. Throws RequestError. */
export function writeInference(
  { id, outputs, binary }: Inference,
  results: Record<string, Tensor>,
  model: { name: string; version: string },
): Answer {
  const wanted = outputs ?? Object.keys(results).map((name) => ({ name, binary }));
  const raw: Uint8Array[] = [];
  const described = wanted.map(({ name, binary: asBytes }) => {
    const tensor = results[name];
    if (!tensor) {
      const have = Object.keys(results).map((output) => `"${output}"`);
      throw new RequestError(`the model has no output "${name}", it has ${have.join(', ')}`);
    }
    const { type: datatype, shape, data } = tensor;
    if (!asBytes) return { name, datatype, shape, data: jsonValues(tensor) };
    raw.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return { name, datatype, shape, parameters: { binary_data_size: data.byteLength } };
  });
  const head = {
    model_name: model.name,
    model_version: model.version,
    ...(id !== undefined && { id }),
    outputs: described,
  };
  const json = new TextEncoder().encode(JSON.stringify(head));
  if (raw.length === 0) return { body: json };
  const body = new Uint8Array(json.length + raw.reduce((length, part) => length + part.length, 0));
  body.set(json);
  let at = json.length;
  for (const part of raw) {
    body.set(part, at);
    at += part.length;
  }
  return { body, headerLength: json.length };
}
