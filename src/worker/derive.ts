import type { Candidate } from '../api/candidate.ts';
import type { DeriveResult, DeriveTask } from '../api/task.ts';
import { batchNorms, foldBatchNorms, recalibrationModel, withStatistics } from '../core/onnx/batch-norm.ts';
import { addOutputs } from '../core/onnx/graph.ts';
import { copy, encode, type Model, withMetadata } from '../core/onnx/model.ts';
import { prepare } from '../core/onnx/prepare.ts';
import { quantizeDynamic } from '../core/onnx/quantize-dynamic.ts';
import { quantizedTensors, quantizeStatic, type Range } from '../core/onnx/quantize-static.ts';
import { checkManifest, parseManifest, type SupernetManifest, slice } from '../core/onnx/supernet.ts';
import type { Engine, Session, Tensor } from '../engines/engine.ts';
import type { ArtifactStore } from '../stores/store.ts';
import { batch, type Dataset, dataset } from './dataset.ts';
import { WorkerError } from './failure.ts';
import { readModel, readRef } from './files.ts';
import { judge } from './judge/judge.ts';
import { checkData } from './judge/meters.ts';

export interface DeriveDeps {
  store: ArtifactStore;
  engine: Engine;
}

/** One thread and every optimisation: deriving is not measured, and must not depend on how serving is tuned. */
const options = { threads: 1, graphOptimization: 'All' } as const;
const calibrationBatch = 100;

async function withSession<T>(engine: Engine, model: Model, use: (session: Session) => Promise<T>): Promise<T> {
  const session = await engine.load(encode(model), options);
  try {
    return await use(session);
  } finally {
    await session.release();
  }
}

const asFloats = (outputs: Record<string, Tensor>) =>
  Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]));

/** Statistics of one forward pass over all calibration rows, so that they are those of the data and of no batch. */
async function recalibrate({ engine }: DeriveDeps, model: Model, calibration: Dataset): Promise<Model> {
  if (batchNorms(model).length === 0) return model;
  const feeds = batch(calibration, 0, calibration.rows);
  const outputs = await withSession(engine, recalibrationModel(model), (session) => session.run(feeds));
  return withStatistics(model, asFloats(outputs));
}

/** The range of each tensor over the calibration rows; streamed, so that no more than a batch of activations is held. */
async function observe({ engine }: DeriveDeps, model: Model, calibration: Dataset): Promise<Record<string, Range>> {
  const names = quantizedTensors(model);
  const observed = copy(model);
  addOutputs(observed.graph, names);
  const ranges: Record<string, Range> = {};
  await withSession(engine, observed, async (session) => {
    for (let row = 0; row < calibration.rows; row += calibrationBatch) {
      const outputs = await session.run(batch(calibration, row, Math.min(calibration.rows, row + calibrationBatch)));
      for (const name of names) {
        const range = ranges[name] ?? { min: 0, max: 0 };
        for (const value of (outputs[name]?.data ?? []) as Float32Array) {
          if (value < range.min) range.min = value;
          else if (value > range.max) range.max = value;
        }
        ranges[name] = range;
      }
    }
  });
  return ranges;
}

async function inPrecision(
  deps: DeriveDeps,
  model: Model,
  { precision }: Candidate,
  calibration?: Dataset,
): Promise<Model> {
  if (precision === 'FP32') return model;
  if (precision === 'INT8Dynamic') return quantizeDynamic(model);
  if (!calibration) {
    throw new WorkerError(
      'DataMissing',
      'INT8Static needs spec.data.calibration: its ranges are measured on those inputs',
    );
  }
  return quantizeStatic(model, await observe(deps, model, calibration));
}

const stamp = ({ engine, precision, dimensions }: Candidate) => ({
  'retune.threads': String(engine.threads),
  'retune.graphOptimization': engine.graphOptimization,
  'retune.precision': precision,
  'retune.dimensions': JSON.stringify(dimensions),
});

async function readManifest({ supernet }: DeriveTask): Promise<SupernetManifest | undefined> {
  if (!supernet) return undefined;
  return parseManifest(new TextDecoder().decode(await readRef(supernet, 'ManifestInvalid')));
}

/**
 * Makes one candidate real and judges it: slices the supernet, measures its BatchNorm statistics anew, quantises,
 * writes the engine's options into the file, stores it and judges it on the held-out rows.
 * Throws WorkerError, ModelError, EngineError or StoreError; `failureOf` makes a result of any.
 */
export async function derive(deps: DeriveDeps, task: DeriveTask): Promise<DeriveResult> {
  const { engine, store } = deps;
  const base = prepare(await readModel(task.model));
  const manifest = await readManifest(task);
  if (manifest) checkManifest(base, manifest);
  const { inputs } = await withSession(engine, base, async (session) => session);
  const heldout = dataset(await readRef(task.heldout, 'DataMissing'), inputs);
  checkData(task.metric, heldout);
  const calibration = task.calibration && dataset(await readRef(task.calibration, 'DataMissing'), inputs);

  const subnet = manifest ? slice(base, manifest, task.candidate.dimensions) : base;
  const calibrated = manifest && calibration ? await recalibrate(deps, subnet, calibration) : subnet;
  const quantized = await inPrecision(deps, foldBatchNorms(calibrated), task.candidate, calibration);
  const variant = withMetadata(quantized, stamp(task.candidate));

  const model = encode(variant);
  const digest = await store.put(model);
  const { outputs, quality } = await judge(deps, task, { model, digest, heldout, base: () => encode(base) });
  return {
    kind: 'Derive',
    artifact: { digest, uri: store.uri(digest), sizeBytes: model.length },
    ...{ outputs, quality },
    dimensions: (manifest?.dimensions ?? []).map(({ name, choices }) => ({ name, choices })),
  };
}
