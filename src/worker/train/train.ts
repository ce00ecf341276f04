import { existsSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DeriveTask, PrepareTask } from '../../api/task.ts';
import { trainerFiles } from '../../api/trainer.ts';
import { encode, type Model, ModelError } from '../../core/onnx/model.ts';
import { prepare } from '../../core/onnx/prepare.ts';
import { cleanUp } from '../../core/onnx/rewrites/clean-up/clean-up.ts';
import { EngineError } from '../../engines/engine.ts';
import type { DeriveDeps } from '../derive/deps.ts';
import { shaped, shortened } from '../derive/shape.ts';
import { readSource, type Source, subnetOf } from '../derive/source.ts';
import { WorkerError } from '../failure.ts';
import { readModel } from '../files.ts';
import { withSession } from '../session.ts';
import { fillFolder } from './folder.ts';
import { runTrainer } from './run-trainer.ts';
import { checkSignature } from './signature.ts';

type TrainingTask = DeriveTask & Required<Pick<DeriveTask, 'trainer'>>;

export interface Trained {
  model: Model;
  /** It is in its candidate's precision already. */
  quantized: boolean;
}

const isQuantized = ({ graph }: Model) =>
  graph.node.some(({ opType = '' }) => /^(Dynamic)?QuantizeLinear$|^(MatMul|Conv)Integer$|^QLinear/.test(opType));

/** The base variant as it is served; what it would be where the task names none. */
async function teacher(deps: DeriveDeps, { baseline }: DeriveTask, source: Source): Promise<Uint8Array> {
  return baseline ? deps.store.get(baseline.digest) : encode(await subnetOf(deps, source, {}));
}

async function fill(
  deps: DeriveDeps,
  task: TrainingTask,
  source: Source,
  folder: string,
  copied: boolean,
): Promise<void> {
  const model = await shaped(deps, task, source);
  const models = {
    candidate: encode(model),
    quantized: task.candidate.precision === 'FP32' ? undefined : encode(await shortened(deps, task, model, source)),
    base: await teacher(deps, task, source),
  };
  await fillFolder(folder, task, models, copied);
}

/** What the trainer wrote, checked: a model that the engine takes and that can stand where the base model stood. */
async function collect({ engine }: DeriveDeps, { candidate }: DeriveTask, source: Source, folder: string) {
  const file = join(folder, trainerFiles.RETUNE_OUTPUT);
  if (!existsSync(file)) {
    throw new WorkerError('TrainerFailed', 'the trainer ended well and wrote no model: it belongs into RETUNE_OUTPUT');
  }
  try {
    const model = prepare((await readModel({ uri: pathToFileURL(file).href })).model);
    checkSignature(await withSession(engine, model, async (session) => session), source);
    const quantized = isQuantized(model) && !isQuantized(source.base);
    if (quantized && candidate.precision === 'FP32') {
      throw new WorkerError(
        'TrainerFailed',
        'the trained model is quantised and its candidate is FP32: return it in the precision that RETUNE_CHOICES asks for',
      );
    }
    return { quantized, model: quantized ? model : cleanUp(model) };
  } catch (cause) {
    if (!(cause instanceof ModelError || cause instanceof EngineError)) throw cause;
    throw new WorkerError('TrainerFailed', `the trained model is of no use: ${cause.message}`, { cause });
  }
}

/** Writes what a trainer's container needs into the folder that this one shares with it. */
export async function prepareTraining(deps: DeriveDeps, { trainer, ...rest }: PrepareTask): Promise<void> {
  if (!trainer || !deps.work) {
    throw new WorkerError('TaskInvalid', 'a Prepare task needs a trainer, and a working folder in RETUNE_WORK');
  }
  const task: TrainingTask = { ...rest, kind: 'Derive', trainer };
  await fill(deps, task, await readSource(deps, task), deps.work, true);
}

/**
 * The candidate as its trainer returns it: in FP32, or in its precision. The trainer runs as a process of this worker,
 * unless it has run already in a container of its own. Throws WorkerError TrainerFailed.
 */
export async function trained(deps: DeriveDeps, task: TrainingTask, source: Source): Promise<Trained> {
  if (task.trainer.ended) return collect(deps, task, source, deps.work ?? '');
  const folder = await mkdtemp(join(deps.work ?? tmpdir(), 'retune-train-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // A worker that is told to end while it trains leaves nothing behind either.
  process.once('exit', remove);
  try {
    await fill(deps, task, source, folder, false);
    await runTrainer(folder, task, deps.onOutput);
    return await collect(deps, task, source, folder);
  } finally {
    process.off('exit', remove);
    remove();
  }
}
