import type { Candidate } from '../api/candidate.ts';
import type { DeriveResult, DeriveTask } from '../api/task.ts';
import { batchNorms, foldBatchNorms, recalibrationModel, withStatistics } from '../core/onnx/batch-norm.ts';
import { addOutputs } from '../core/onnx/graph.ts';
import { copy, encode, type Model, withMetadata } from '../core/onnx/model.ts';
import { prepare } from '../core/onnx/prepare.ts';
import { quantizeDynamic } from '../core/onnx/quantize-dynamic.ts';
import { quantizedTensors, quantizeStatic, type Range } from '../core/onnx/quantize-static.ts';
import { checkManifest, parseManifest, type SupernetManifest, slice } from '../core/onnx/supernet.ts';
import { agreement, argmaxRows } from '../core/statistics/quality.ts';
import type { Engine, Session, Tensor } from '../engines/engine.ts';
import type { ArtifactStore } from '../stores/store.ts';
import { batch, type Dataset, dataset } from './dataset.ts';
import { WorkerError } from './failure.ts';
import { readModel, readRef } from './files.ts';
import { writeNpz } from './npz.ts';

export interface DeriveDeps {
  store: ArtifactStore;
  engine: Engine;
}

/** One thread and every optimisation: deriving is not measured, and must not depend on how serving is tuned. */
const options = { threads: 1, graphOptimization: 'All' } as const;
const judgeBatch = 100;
/** Rows whose outputs are recorded, to be compared on each accelerator. */
export const recordedRows = 32;

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
export async function observe(
  { engine }: Pick<DeriveDeps, 'engine'>,
  model: Model,
  calibration: Dataset,
): Promise<Record<string, Range>> {
  const names = quantizedTensors(model);
  const observed = copy(model);
  addOutputs(observed.graph, names);
  const ranges: Record<string, Range> = {};
  await withSession(engine, observed, async (session) => {
    for (let row = 0; row < calibration.rows; row += judgeBatch) {
      const outputs = await session.run(batch(calibration, row, Math.min(calibration.rows, row + judgeBatch)));
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

/** The scores of every row: the first output of the model, `classes` a row. */
async function scores(engine: Engine, model: Model, data: Dataset): Promise<{ values: Float32Array; classes: number }> {
  return withSession(engine, model, async (session) => {
    const output = session.outputs[0]?.name ?? '';
    const parts: Float32Array[] = [];
    for (let row = 0; row < data.rows; row += judgeBatch) {
      const outputs = await session.run(batch(data, row, Math.min(data.rows, row + judgeBatch)));
      parts.push(outputs[output]?.data as Float32Array);
    }
    const values = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
      values.set(part, at);
      at += part.length;
    }
    return { values, classes: values.length / data.rows };
  });
}

/** What the rows should be: their labels, else what the base model says of them. */
async function truth({ engine }: DeriveDeps, { metric }: DeriveTask, base: Model, heldout: Dataset): Promise<number[]> {
  if (metric === 'Agreement') {
    const { values, classes } = await scores(engine, base, heldout);
    return argmaxRows(values, classes);
  }
  if (heldout.labels) return heldout.labels;
  throw new WorkerError(
    'DataInvalid',
    'the data set has no array "labels": add it, or set spec.quality.metric to Agreement',
  );
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
 * writes the engine's options into the file, judges it on the held-out rows and stores model and recorded outputs.
 * Throws WorkerError, ModelError, EngineError or StoreError; `failureOf` makes a result of any.
 */
export async function derive(deps: DeriveDeps, task: DeriveTask): Promise<DeriveResult> {
  const { engine, store } = deps;
  const base = prepare(await readModel(task.model));
  const manifest = await readManifest(task);
  if (manifest) checkManifest(base, manifest);
  const { inputs } = await withSession(engine, base, async (session) => session);
  const heldout = dataset(await readRef(task.heldout, 'DataMissing'), inputs);
  const calibration = task.calibration && dataset(await readRef(task.calibration, 'DataMissing'), inputs);

  const subnet = manifest ? slice(base, manifest, task.candidate.dimensions) : base;
  const calibrated = manifest && calibration ? await recalibrate(deps, subnet, calibration) : subnet;
  const quantized = await inPrecision(deps, foldBatchNorms(calibrated), task.candidate, calibration);
  const variant = withMetadata(quantized, stamp(task.candidate));

  const expected = await truth(deps, task, base, heldout);
  const { values, classes } = await scores(engine, variant, heldout);
  const recorded = Math.min(recordedRows, heldout.rows);
  const outputs = { type: 'FP32', shape: [recorded, classes], data: values.slice(0, recorded * classes) } as const;
  const model = encode(variant);
  const digest = await store.put(model);
  return {
    kind: 'Derive',
    artifact: { digest, uri: store.uri(digest), sizeBytes: model.length },
    outputs: await store.put(writeNpz({ outputs: { ...outputs, shape: [...outputs.shape] } })),
    quality: agreement(task.metric, argmaxRows(values, classes), expected),
    dimensions: (manifest?.dimensions ?? []).map(({ name, choices }) => ({ name, choices })),
  };
}
