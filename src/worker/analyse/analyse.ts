import type { Analyse, Analysis } from '../../api/analysis.ts';
import type { Precision } from '../../api/candidate.ts';
import { type Model, ModelError } from '../../core/onnx/model.ts';
import type { Need } from '../../core/onnx/observe/observations.ts';
import { inOrder } from '../../core/onnx/rewrites/all.ts';
import type { Rewrite, Site } from '../../core/onnx/rewrites/rewrite.ts';
import { type Inference, inferShapes } from '../../core/onnx/shapes/infer.ts';
import { distinctLevels } from '../../core/search/levels.ts';
import { EngineError } from '../../engines/engine.ts';
import { batch, type Dataset } from '../dataset.ts';
import { applied } from '../derive/rewriting.ts';
import { observe } from '../observe.ts';
import { type Comparison, type ComparisonSetup, compareWith, type Effect } from './comparison.ts';

/** Choices that are measured at one place besides leaving it as it is; what lies between them adds little. */
const mostChoices = 4;
/** Rows that activations are observed on: enough to tell places apart, not yet to make a variant of. */
const observedRows = 64;
/** Numbers of moments that are held at once, of 8 bytes each. */
const mostObserved = 2 ** 24;
/** Allocations that are measured of a rewrite at most. */
const mostLevels = 7;

export interface AnalyseDeps extends Omit<ComparisonSetup, 'data' | 'batchSize'> {
  /** The whole model in one precision. */
  inPrecision: (model: Model, precision: Precision, calibration: Dataset) => Promise<Model>;
  /** How long it may take; what is left by then stays as it is. */
  maxMs: number;
}

/** The choices to measure at a place: all where they are few, else evenly spaced from end to end. */
export function measuredChoices({ choices, identity }: Site): number[] {
  const others = choices.filter((choice) => choice !== identity);
  const count = Math.min(mostChoices, others.length);
  const step = (others.length - 1) / Math.max(1, count - 1);
  return Array.from({ length: count }, (_, i) => others[Math.round(i * step)] as number);
}

/** What a change does; undefined where the changed model can't be made or run here: then it is not offered. */
async function effect(make: () => Promise<Model>, comparison: Comparison): Promise<Effect | undefined> {
  try {
    const found = await comparison.effectOf(await make());
    return Number.isFinite(found.loss) ? found : undefined;
  } catch (error) {
    if (error instanceof ModelError || error instanceof EngineError) return undefined;
    throw error;
  }
}

type Rewritten = Analysis['rewrites'][number];
type Sites = Rewritten['sites'];

/** What is to be tried of one rewrite. */
interface Plan {
  rewrite: Rewrite;
  sites: Site[];
  /** Models to make and to time. */
  trials: number;
}

function planOf(rewrite: Rewrite, model: Model, inference: Inference): Plan {
  const sites = rewrite.sites(model, inference);
  const trials = sites.reduce((sum, site) => sum + measuredChoices(site).length, 0);
  return { rewrite, sites, trials: trials > 0 ? trials + mostLevels : 0 };
}

/** Observations of one rewrite's places: all at once where they are small enough to hold, else a place at a time. */
function observer(deps: AnalyseDeps, model: Model, { values }: Inference, data: Dataset, { rewrite, sites }: Plan) {
  const needsAt = (site: Site) =>
    measuredChoices(site).flatMap((choice) => rewrite.needs(model, { [site.id]: choice }));
  const size = (need: Need) => {
    const channels = need.kind === 'moments' ? values.get(need.tensor)?.shape?.[need.axis] : 1;
    return typeof channels === 'number' ? channels ** 2 : Number.POSITIVE_INFINITY;
  };
  const all = sites.flatMap(needsAt);
  const small = new Map(all.map((need) => [JSON.stringify(need), size(need)]));
  const fits = [...small.values()].reduce((sum, each) => sum + each, 0) <= mostObserved;
  const together = fits ? observe(deps.engine, model, all, data) : undefined;
  return (site: Site) => together ?? observe(deps.engine, model, needsAt(site), data);
}

/**
 * What each rewrite could change of a model: every place is changed alone, and then as many as an allocation takes
 * together; what that costs and loses is measured on this machine against the model as it is, in turns. The model is
 * prepared and cleaned up. Each rewrite gets of the time what it has of the choices; places that are left then stay as
 * they are.
 */
export async function analyse(
  deps: AnalyseDeps,
  model: Model,
  { rewrites, precisions, batchSize }: Analyse,
  calibration: Dataset,
): Promise<Analysis> {
  const { engine, clock, inPrecision } = deps;
  const end = clock() + deps.maxMs;
  const comparison = await compareWith(model, { ...deps, data: calibration, batchSize });
  const few = firstRows(calibration, observedRows);
  const inference = inferShapes(model);
  const skipped: string[] = [];

  const sitesOf = async (plan: Plan, until: number): Promise<Sites> => {
    const { rewrite, sites } = plan;
    const observed = observer(deps, model, inference, few, plan);
    const result: Sites = [];
    for (const site of sites) {
      if (clock() > until) {
        skipped.push(`${rewrite.name} ${site.id}`);
        continue;
      }
      const choices: Sites[number]['choices'] = [{ choice: site.identity, costMs: 0, loss: 0 }];
      for (const choice of measuredChoices(site)) {
        const make = async () => rewrite.rewrite(model, { [site.id]: choice }, await observed(site));
        const found = await effect(make, comparison);
        if (found) choices.push({ choice, ...found });
      }
      result.push({ id: site.id, identity: site.identity, choices });
    }
    return result;
  };
  const levelsOf = async (rewrite: Rewrite, sites: Sites): Promise<Rewritten['levels']> => {
    const levels: Rewritten['levels'] = [];
    for (const { level, selection } of distinctLevels(sites)) {
      const found = await effect(() => applied(engine, model, rewrite, selection, few), comparison);
      if (found) levels.push({ level, ...found });
    }
    return levels;
  };
  try {
    const whole: Analysis['precisions'] = [];
    for (const precision of precisions.filter((one) => one !== 'FP32' && one !== 'Mixed')) {
      const found = await effect(() => inPrecision(model, precision, calibration), comparison);
      if (found) whole.push({ precision, ...found });
    }
    const plans = inOrder(rewrites).map((rewrite) => planOf(rewrite, model, inference));
    const analysed: Rewritten[] = [];
    for (const [turn, plan] of plans.entries()) {
      const left = plans.slice(turn).reduce((sum, { trials }) => sum + trials, 0);
      const until = clock() + ((end - clock()) * plan.trials) / Math.max(1, left);
      const sites = await sitesOf(plan, until);
      analysed.push({ name: plan.rewrite.name, sites, levels: await levelsOf(plan.rewrite, sites) });
    }
    return { formatVersion: 1, baseMs: comparison.baseMs, precisions: whole, skipped, rewrites: analysed };
  } finally {
    await comparison.close();
  }
}

function firstRows(data: Dataset, most: number): Dataset {
  const rows = Math.min(most, data.rows);
  return { rows, inputs: batch(data, 0, rows) };
}
