import type { DeriveTask } from '../../api/task.ts';
import type { Model } from '../../core/onnx/model.ts';
import { prepare } from '../../core/onnx/prepare.ts';
import { cleanUp } from '../../core/onnx/rewrites/clean-up/clean-up.ts';
import { checkManifest, type SupernetManifest, slice } from '../../core/onnx/supernet.ts';
import type { TensorInfo } from '../../engines/engine.ts';
import { type Dataset, dataset } from '../dataset.ts';
import { WorkerError } from '../failure.ts';
import { readModel, readRef } from '../files.ts';
import { checkData } from '../judge/meters.ts';
import { withSession } from '../session.ts';
import type { DeriveDeps } from './deps.ts';
import { signatureOf } from './signature.ts';
import { readManifest, recalibrate } from './supernet.ts';

/** What a candidate is made of and judged on, read and checked. */
export interface Source {
  /** The model as it was given, prepared. */
  base: Model;
  /** What it was read from. */
  modelDigest: string;
  manifest: SupernetManifest | undefined;
  inputs: TensorInfo[];
  outputs: TensorInfo[];
  heldout: Dataset;
  calibration: Dataset | undefined;
}

/** The model of a task. Throws WorkerError ModelChanged where it is not the one that the base variant was made of. */
async function readBase({ model: ref, modelDigest }: DeriveTask) {
  const found = await readModel(ref);
  if (modelDigest && found.digest !== modelDigest) {
    throw new WorkerError(
      'ModelChanged',
      `${ref.uri} was overwritten while it was searched: it is ${found.digest}, and ${modelDigest} when the search began`,
    );
  }
  return found;
}

/** Throws WorkerError, ModelError or EngineError. */
export async function readSource({ engine }: DeriveDeps, task: DeriveTask): Promise<Source> {
  const { model, digest } = await readBase(task);
  const base = prepare(model);
  const manifest = await readManifest(task);
  if (manifest) checkManifest(base, manifest);
  // An engine is asked only where the graph does not say: loading takes longer than most of deriving.
  const { inputs, outputs } = signatureOf(base) ?? (await withSession(engine, base, async (session) => session));
  const heldout = dataset(await readRef(task.heldout, 'DataMissing'), inputs);
  checkData(task.metric, heldout);
  const calibration = task.calibration && dataset(await readRef(task.calibration, 'DataMissing'), inputs);
  return { base, modelDigest: digest, manifest, inputs, outputs, heldout, calibration };
}

/** The subnet of these choices with statistics of its own, or the plain model; cleaned up. */
export async function subnetOf(
  deps: DeriveDeps,
  { base, manifest, calibration }: Source,
  choices: Record<string, number>,
): Promise<Model> {
  const subnet = manifest ? slice(base, manifest, choices) : base;
  return cleanUp(manifest && calibration ? await recalibrate(deps, subnet, calibration) : subnet);
}
