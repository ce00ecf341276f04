import { z } from 'zod';
import type { DataType, Tensor, TensorInfo } from '../../engines/engine.ts';
import { elementTypes } from './datatypes.ts';

/** A request that is at fault; the message is its answer and `status` its HTTP status. */
export class RequestError extends Error {
  readonly status: 400 | 404 | 413 | 503;

  constructor(message: string, status: RequestError['status'] = 400) {
    super(message);
    this.name = 'RequestError';
    this.status = status;
  }
}

const dataTypes = Object.keys(elementTypes) as [DataType, ...DataType[]];
const parameters = z.record(z.string(), z.unknown()).optional();

const InferRequest = z.object({
  id: z.string().optional(),
  parameters,
  inputs: z
    .array(
      z.object({
        name: z.string(),
        datatype: z.enum(dataTypes),
        shape: z.array(z.int().min(0)),
        data: z.array(z.unknown()).optional(),
        parameters,
      }),
    )
    .min(1),
  outputs: z.array(z.object({ name: z.string(), parameters })).optional(),
});
type InferRequest = z.infer<typeof InferRequest>;
type InputTensor = InferRequest['inputs'][number];

export interface Inference {
  id?: string;
  feeds: Record<string, Tensor>;
  /** The outputs asked for, and whether each is to come as bytes; all of them when undefined. */
  outputs?: { name: string; binary: boolean }[];
  /** What outputs that are not named come as. */
  binary: boolean;
}

function head(text: string): InferRequest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new RequestError('the request is not JSON: for binary tensors, send Inference-Header-Content-Length');
  }
  const parsed = InferRequest.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new RequestError(`the request is wrong at "${issue?.path.join('.')}": ${issue?.message}`);
}

const written = (shape: number[]) => `[${shape.join(', ')}]`;

function checkShape({ name, datatype, shape }: InputTensor, expected: TensorInfo | undefined, all: TensorInfo[]): void {
  if (!expected) {
    throw new RequestError(
      `the model has no input "${name}", it has ${all.map((input) => `"${input.name}"`).join(', ')}`,
    );
  }
  if (expected.type !== datatype) {
    throw new RequestError(`input "${name}" is ${datatype}, the model takes ${expected.type}`);
  }
  const fits =
    shape.length === expected.shape.length && expected.shape.every((size, i) => size < 0 || size === shape[i]);
  if (!fits) {
    throw new RequestError(`input "${name}" has shape ${written(shape)}, the model takes ${written(expected.shape)}`);
  }
}

function fromJson({ name, datatype, data }: InputTensor): Tensor['data'] {
  if (!data) throw new RequestError(`input "${name}" has no data`);
  if (datatype === 'FP16') throw new RequestError(`input "${name}": FP16 can only be sent as binary data`);
  const values = data.flat(Number.POSITIVE_INFINITY);
  if (values.some((value) => typeof value !== 'number' && typeof value !== 'boolean')) {
    throw new RequestError(`input "${name}" holds what is no number`);
  }
  return elementTypes[datatype].of(values);
}

/**
 * The tensors of an inference request: the JSON of the Open Inference Protocol v2, or that and raw tensors after it when
 * `headerLength` says where they begin (the binary tensor data extension). Throws RequestError with a sentence.
 */
export function readInference(body: Uint8Array, headerLength: number | undefined, inputs: TensorInfo[]): Inference {
  if (headerLength !== undefined && !(headerLength >= 0 && headerLength <= body.length)) {
    throw new RequestError(`Inference-Header-Content-Length is ${headerLength} for a body of ${body.length} bytes`);
  }
  const request = head(new TextDecoder().decode(headerLength === undefined ? body : body.subarray(0, headerLength)));
  let at = headerLength ?? body.length;
  const feeds: Record<string, Tensor> = {};
  for (const input of request.inputs) {
    checkShape(
      input,
      inputs.find(({ name }) => name === input.name),
      inputs,
    );
    const size = input.parameters?.binary_data_size;
    const elements = input.shape.reduce((product, extent) => product * extent, 1);
    let data: Tensor['data'];
    if (typeof size === 'number') {
      if (at + size > body.length)
        throw new RequestError(`input "${input.name}" says ${size} bytes, ${body.length - at} are left`);
      // A copy: elements must lie at a multiple of their size, and the buffer goes to another thread.
      data =
        size % elementTypes[input.datatype].bytes === 0
          ? elementTypes[input.datatype].view(new Uint8Array(body.subarray(at, at + size)).slice().buffer)
          : new Uint8Array();
      at += size;
    } else data = fromJson(input);
    if (data.length !== elements) {
      throw new RequestError(
        `input "${input.name}" has ${data.length} elements, its shape ${written(input.shape)} has ${elements}`,
      );
    }
    feeds[input.name] = { type: input.datatype, shape: input.shape, data };
  }
  for (const { name } of inputs) if (!feeds[name]) throw new RequestError(`input "${name}" is missing`);
  return {
    id: request.id,
    feeds,
    outputs: request.outputs?.map(({ name, parameters: own }) => ({ name, binary: own?.binary_data === true })),
    binary: request.parameters?.binary_data_output === true,
  };
}
