import type { Candidate } from '../../api/candidate.ts';
import type { DeriveResult, DeriveTask } from '../../api/task.ts';
import { encode, withMetadata } from '../../core/onnx/model.ts';
import { prepare } from '../../core/onnx/prepare.ts';
import { cleanUp } from '../../core/onnx/rewrites/clean-up/clean-up.ts';
import { checkManifest, slice } from '../../core/onnx/supernet.ts';
import { dataset } from '../dataset.ts';
import { readModel, readRef } from '../files.ts';
import { judge } from '../judge/judge.ts';
import { checkData } from '../judge/meters.ts';
import { offers, withChoices } from './choices.ts';
import { inPrecision } from './precision.ts';
import { type DeriveDeps, withSession } from './session.ts';
import { readManifest, recalibrate } from './supernet.ts';

const stamp = ({ engine, precision, dimensions }: Candidate) => ({
  'retune.threads': String(engine.threads),
  'retune.graphOptimization': engine.graphOptimization,
  'retune.precision': precision,
  'retune.dimensions': JSON.stringify(dimensions),
});

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
  const clean = cleanUp(calibrated);
  const changed = await withChoices(deps, task, clean, calibration);
  const quantized = await inPrecision(deps, changed, task.candidate.precision, calibration);
  const variant = withMetadata(quantized, stamp(task.candidate));

  const model = encode(variant);
  const digest = await store.put(model);
  const { outputs, quality } = await judge(deps, task, { model, digest, heldout, base: () => encode(base) });
  return {
    kind: 'Derive',
    artifact: { digest, uri: store.uri(digest), sizeBytes: model.length },
    ...{ outputs, quality },
    ...(manifest
      ? { dimensions: manifest.dimensions.map(({ name, choices }) => ({ name, choices })) }
      : await offers(deps, task, clean, calibration)),
  };
}
