import type { Candidate } from '../../api/candidate.ts';
import type { DeriveResult, DeriveTask } from '../../api/task.ts';
import { madeOf } from '../../core/artifacts/provenance.ts';
import { encode, withMetadata } from '../../core/onnx/model.ts';
import { judge } from '../judge/judge.ts';
import { trained } from '../train/train.ts';
import { shapesOf, workOfRun } from '../work.ts';
import { offers } from './choices.ts';
import type { DeriveDeps } from './deps.ts';
import { shaped, shortened } from './shape.ts';
import { readSource } from './source.ts';

const stamp = ({ engine, precision, dimensions }: Candidate) => ({
  'retune.threads': String(engine.threads),
  'retune.graphOptimization': engine.graphOptimization,
  'retune.precision': precision,
  'retune.dimensions': JSON.stringify(dimensions),
});

/**
 * Makes one candidate real and judges it: slices the supernet, measures its BatchNorm statistics anew, has it trained
 * where the task names a trainer, quantises, writes the engine's options into the file, stores it and judges it on the
 * held-out rows.
 * Throws WorkerError, ModelError, EngineError or StoreError; `failureOf` makes a result of any.
 */
export async function derive(deps: DeriveDeps, task: DeriveTask): Promise<DeriveResult> {
  const { engine, store } = deps;
  const source = await readSource(deps, task);
  const { trainer, candidate } = task;
  const changed = trainer
    ? await trained(deps, { ...task, trainer }, source)
    : { model: await shaped(deps, task, source), quantized: false };
  const inPrecision = changed.quantized ? changed.model : await shortened(deps, task, changed.model, source);
  const variant = withMetadata(inPrecision, { ...stamp(candidate), ...(trainer && { 'retune.trained': 'true' }) });

  const model = encode(variant);
  const about = { mediaType: 'application/onnx', annotations: madeOf(candidate, task.baseline?.digest) };
  const digest = await store.put(model, about);
  const { base, manifest, heldout, calibration } = source;
  const { outputs, quality } = await judge(deps, task, { model, digest, heldout, base: () => encode(base) });
  const request = shapesOf(heldout, task.batchSize ?? 1);
  return {
    kind: 'Derive',
    artifact: { digest, uri: store.uri(digest), sizeBytes: model.length },
    ...(!task.modelDigest && { modelDigest: source.modelDigest }),
    ...{ outputs, quality, parts: (await workOfRun(engine, model, request, {}))?.parts },
    ...(manifest
      ? { dimensions: manifest.dimensions.map(({ name, choices }) => ({ name, choices })) }
      : await offers(deps, task, changed.model, calibration)),
  };
}
