import type { EngineOptions } from '../api/candidate.ts';

/** Element types that Retune moves between data sets and engines; the names are the Open Inference Protocol's. */
export type DataType = 'FP32' | 'FP16' | 'INT8' | 'UINT8' | 'INT32' | 'INT64' | 'BOOL';

/** A dense tensor. `data` holds the elements in row-major order, little-endian. */
export interface Tensor {
  type: DataType;
  shape: number[];
  data: Float32Array | Uint16Array | Int8Array | Uint8Array | Int32Array | BigInt64Array;
}

/** One input or output of a model; an unknown or symbolic dimension is -1. */
export interface TensorInfo {
  name: string;
  type: DataType;
  shape: number[];
}

/**
 * A loaded model. `run` blocks the thread it is called on (ONNX Runtime's binding does), so sessions live in worker
 * processes and worker threads, never in the operator's own thread.
 */
export interface Session {
  inputs: TensorInfo[];
  outputs: TensorInfo[];
  run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/** How a model is held, which changes nothing that it computes. */
export interface LoadOptions {
  /** Elements of initializers that lie outside the model's bytes, by location (TensorProto.external_data). */
  weights?: ReadonlyMap<string, Uint8Array>;
  /** Loaded for a few runs: weights are not packed anew for speed, which takes time and memory. */
  forFewRuns?: boolean;
}

export interface Engine {
  /** For example `onnxruntime 1.30.0`; part of an accelerator's fingerprint. */
  version: string;
  /** Loads a model from its bytes. Throws EngineError with a sentence when the engine refuses it. */
  load(model: Uint8Array, options: EngineOptions, how?: LoadOptions): Promise<Session>;
  /**
   * The model as the engine would run it, with its own fused operators: to see which kernels are used. It is for this
   * machine only. Throws EngineError like `load`.
   */
  optimise(model: Uint8Array, options: EngineOptions): Promise<Uint8Array>;
}

export class EngineError extends Error {
  readonly reason: 'ModelInvalid' | 'UnsupportedOperator' | 'InputMismatch' | 'EngineFailed';

  constructor(reason: EngineError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EngineError';
    this.reason = reason;
  }
}
