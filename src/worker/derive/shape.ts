import type { DeriveTask } from '../../api/task.ts';
import type { Model } from '../../core/onnx/model.ts';
import { mixedDimension } from '../../core/search/space.ts';
import { withChoices } from './choices.ts';
import type { DeriveDeps } from './deps.ts';
import { inPrecision } from './precision.ts';
import { type Source, subnetOf } from './source.ts';

/** What a candidate makes of the model before its numbers are shortened: the form in which it can be trained. */
export async function shaped(deps: DeriveDeps, task: DeriveTask, source: Source): Promise<Model> {
  const { candidate } = task;
  const subnet = await subnetOf(deps, source, candidate.dimensions);
  return withChoices(deps, { ...task, candidate: { ...candidate, precision: 'FP32' } }, subnet, source.calibration);
}

/** A shaped model in its candidate's precision: each layer's own where that is Mixed. */
export async function shortened(
  deps: DeriveDeps,
  task: DeriveTask,
  model: Model,
  { calibration }: Source,
): Promise<Model> {
  const { dimensions, precision, ...rest } = task.candidate;
  const level = dimensions[mixedDimension];
  const only: Record<string, number> = level === undefined ? {} : { [mixedDimension]: level };
  const mixed =
    precision === 'Mixed'
      ? await withChoices(deps, { ...task, candidate: { ...rest, precision, dimensions: only } }, model, calibration)
      : model;
  return inPrecision(deps, mixed, precision, calibration);
}
