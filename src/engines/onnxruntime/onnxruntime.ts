import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import packageJson from 'onnxruntime-node/package.json' with { type: 'json' };
import type { EngineOptions } from '../../api/candidate.ts';
import type { Provider } from '../../api/task.ts';
import {
  type DataType,
  type Engine,
  EngineError,
  type LoadOptions,
  type Session,
  type Tensor,
  type TensorInfo,
} from '../engine.ts';
import { assertLoaded, executionProviders, forCuda } from './cuda.ts';

const fromOrt: Record<string, DataType> = {
  float32: 'FP32',
  float16: 'FP16',
  int8: 'INT8',
  uint8: 'UINT8',
  int32: 'INT32',
  int64: 'INT64',
  bool: 'BOOL',
};
const toOrt = Object.fromEntries(Object.entries(fromOrt).map(([ort, type]) => [type, ort])) as Record<DataType, string>;
const levels = { Basic: 'basic', Extended: 'extended', All: 'all' } as const;

/** ONNX Runtime's messages carry source paths and line numbers in front of what matters. */
function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const message = text.split('\n')[0] ?? text;
  return message.replace(/^.*?(?:Exception during initialization: )?\S+\.(?:cc|h):\d+ .*?\) ?/, '').slice(0, 400);
}

function loadError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const message = sentence(error);
  if (
    /not a registered function\/op|is not a registered|No Op registered|NOT_IMPLEMENTED|Could not find an implementation/i.test(
      message,
    )
  ) {
    return new EngineError('UnsupportedOperator', `the engine has no kernel for this model: ${message}`, {
      cause: error,
    });
  }
  return new EngineError('ModelInvalid', `the engine refuses the model: ${message}`, { cause: error });
}

function describe(metadata: readonly InferenceSession.ValueMetadata[]): TensorInfo[] {
  return metadata.map((value) => {
    if (!value.isTensor) throw new EngineError('UnsupportedOperator', `"${value.name}" is not a tensor`);
    const type = fromOrt[value.type];
    if (!type) throw new EngineError('UnsupportedOperator', `"${value.name}" has element type ${value.type}`);
    return { name: value.name, type, shape: value.shape.map((size) => (typeof size === 'number' ? size : -1)) };
  });
}

const fromOrtTensor = (tensor: OrtTensor): Tensor => ({
  type: fromOrt[tensor.type] ?? 'FP32',
  shape: [...tensor.dims],
  data: tensor.data as Tensor['data'],
});

function createSession(
  model: Uint8Array,
  { threads, graphOptimization }: EngineOptions,
  { weights = new Map(), forFewRuns = false }: LoadOptions = {},
  more: InferenceSession.SessionOptions = {},
): Promise<InferenceSession> {
  return InferenceSession.create(model, {
    ...more,
    externalData: Array.from(weights, ([path, data]) => ({ path, data })),
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: levels[graphOptimization],
    logSeverityLevel: 3,
    // An idle session must not burn the core that another one is measured on.
    extra: { session: { intra_op: { allow_spinning: '0' }, disable_prepacking: forFewRuns ? '1' : '0' } },
  }).catch((error: unknown) => {
    throw loadError(error);
  });
}

function sessionOf(session: InferenceSession): Session {
  return {
    inputs: describe(session.inputMetadata),
    outputs: describe(session.outputMetadata),
    async run(feeds) {
      const tensors = Object.entries(feeds).map(([name, { type, data, shape }]) => {
        return [name, new OrtTensor(toOrt[type] as 'float32', data as Float32Array, shape)] as const;
      });
      try {
        const results = await session.run(Object.fromEntries(tensors));
        return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrtTensor(tensor)]));
      } catch (error) {
        throw new EngineError('InputMismatch', `the engine refuses the input: ${sentence(error)}`, { cause: error });
      }
    },
    release: () => session.release(),
  };
}

async function optimised(
  model: Uint8Array,
  options: EngineOptions,
  more: InferenceSession.SessionOptions,
): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'retune-optimised-'));
  try {
    const optimizedModelFilePath = join(folder, 'model.onnx');
    // The file holds layouts of this machine's instruction sets, which the engine warns of.
    const session = await createSession(model, options, {}, { ...more, optimizedModelFilePath });
    await session.release();
    return new Uint8Array(await readFile(optimizedModelFilePath));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * ONNX Runtime on the CPU, or with its CUDA provider on a GPU. There, operators that CUDA has no kernel for run on the CPU,
 * and tensors are copied to them and back; that there is no provider or no GPU is an EngineError, and never a run on the
 * CPU instead.
 */
export function engineOn(provider: Provider): Engine {
  const version = `onnxruntime ${packageJson.version}`;
  if (provider === 'CPU') {
    return {
      version,
      load: async (model, options, how) => sessionOf(await createSession(model, options, how)),
      optimise: (model, options) => optimised(model, options, {}),
    };
  }
  return {
    version: `${version} CUDA`,
    async load(model, options, how) {
      await assertLoaded();
      return sessionOf(await createSession(forCuda(model), options, how, { executionProviders }));
    },
    async optimise(model, options) {
      await assertLoaded();
      return optimised(forCuda(model), options, { executionProviders });
    },
  };
}

/** ONNX Runtime on the CPU. */
export const engine: Engine = engineOn('CPU');
