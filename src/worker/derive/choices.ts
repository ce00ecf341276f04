import { Analysis } from '../../api/analysis.ts';
import type { DeriveResult, DeriveTask } from '../../api/task.ts';
import type { Model } from '../../core/onnx/model.ts';
import { dimensionsOf, precisionsOf } from '../../core/search/levels.ts';
import { analyse } from '../analyse/analyse.ts';
import type { Dataset } from '../dataset.ts';
import type { DeriveDeps } from './deps.ts';
import { inPrecision } from './precision.ts';
import { rewritten } from './rewriting.ts';

/** What a candidate chooses of the analysis of a plain model, made real; without an analysis the model as it is. */
export async function withChoices(
  { engine, store }: DeriveDeps,
  { candidate, analysis }: DeriveTask,
  model: Model,
  calibration?: Dataset,
): Promise<Model> {
  if (!analysis || !calibration) return model;
  const found = Analysis.parse(JSON.parse(new TextDecoder().decode(await store.get(analysis))));
  return rewritten(engine, model, candidate, found, calibration);
}

/** What the search may choose of a plain model, with the analysis stored that says where. */
export async function offers(
  deps: DeriveDeps,
  { analyse: wanted, candidate, output }: DeriveTask,
  model: Model,
  calibration?: Dataset,
): Promise<Pick<DeriveResult, 'dimensions' | 'precisions' | 'analysis'>> {
  if (!wanted || !calibration || wanted.rewrites.length === 0) return { dimensions: [] };
  const found = await analyse(
    {
      ...{
        engine: deps.engine,
        options: candidate.engine,
        clock: () => performance.now(),
        maxMs: 1000 * wanted.maxSeconds,
        output,
      },
      inPrecision: (each, precision, data) => inPrecision(deps, each, precision, data),
    },
    model,
    wanted,
    calibration,
  );
  const analysis = await deps.store.put(new TextEncoder().encode(JSON.stringify(found)));
  return { dimensions: dimensionsOf(found), precisions: precisionsOf(found), analysis };
}
