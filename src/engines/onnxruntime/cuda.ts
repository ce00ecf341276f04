import { InferenceSession } from 'onnxruntime-node';
import { modelWith } from '../../core/onnx/fixtures.ts';
import { makeNode } from '../../core/onnx/graph.ts';
import { decode, encode, ModelError } from '../../core/onnx/model.ts';
import { hasHalves, inHalves } from '../../core/onnx/rewrites/halves/halves.ts';
import { EngineError } from '../engine.ts';

/** What runs each operator: the first that has a kernel for it. */
export const executionProviders = ['cuda', 'cpu'] as const satisfies string[];

const advice = 'the worker needs an image with the provider, and a GPU (docs/accelerators.md)';

/** One addition that no processor may take over. */
async function tryCuda(): Promise<void> {
  const nodes = [makeNode('Add', 'add', ['x', 'x'], ['y'])];
  try {
    const session = await InferenceSession.create(
      encode(modelWith({ inputs: { x: [1] }, nodes, outputs: ['y'], opset: 17 })),
      {
        executionProviders,
        logSeverityLevel: 4,
        extra: { session: { disable_cpu_ep_fallback: '1' } },
      },
    );
    await session.release();
  } catch (cause) {
    const { message } = cause as Error;
    // Behind the signature of a C++ function: "CUDA failure 100: no CUDA-capable device is detected ; GPU=…".
    const said = /CUDA failure \d+: [^;]+|error: .+/.exec(message)?.[0].trim() ?? message.split('\n')[0];
    throw new EngineError('EngineFailed', `the CUDA provider did not load: ${said?.slice(0, 250)}; ${advice}`, {
      cause,
    });
  }
}

let loaded: Promise<void> | undefined;

/** Once a process: that the CUDA provider is there and runs. Throws EngineError with what is missing. */
export function assertLoaded(): Promise<void> {
  loaded ??= tryCuda();
  return loaded;
}

/** Weights of 16 bits are computed with in 16 bits: unlike processors, GPUs have kernels for that. */
export function forCuda(bytes: Uint8Array): Uint8Array {
  try {
    const model = decode(bytes);
    return hasHalves(model) ? encode(inHalves(model)) : bytes;
  } catch (error) {
    // What can't be read or rewritten is left to the engine, which says what is wrong with it.
    if (error instanceof ModelError) return bytes;
    throw error;
  }
}
