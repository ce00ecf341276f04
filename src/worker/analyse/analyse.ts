import type { Analyse, Analysis } from '../../api/analysis.ts';
import type { Precision } from '../../api/candidate.ts';
import { type Model, ModelError } from '../../core/onnx/model.ts';
import { inOrder } from '../../core/onnx/rewrites/all.ts';
import type { Rewrite, Site } from '../../core/onnx/rewrites/rewrite.ts';
import { inferShapes } from '../../core/onnx/shapes/infer.ts';
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

type Sites = Analysis['rewrites'][number]['sites'];
type Choices = Sites[number]['choices'];

/**
 * What each rewrite could change of a model: every place is changed alone, and then as many as an allocation takes
 * together; what that costs and loses is measured on this machine against the model as it is, in turns. The model is prepared and cleaned up. Each rewrite gets an equal
 * share of the time that is left when its turn comes.
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

  const choicesAt = async (rewrite: Rewrite, site: Site): Promise<Choices> => {
    const wanted = measuredChoices(site);
    const needs = wanted.flatMap((choice) => rewrite.needs(model, { [site.id]: choice }));
    const observed = await observe(engine, model, needs, few);
    const result: Choices = [{ choice: site.identity, costMs: 0, loss: 0 }];
    for (const choice of wanted) {
      const make = async () => rewrite.rewrite(model, { [site.id]: choice }, observed);
      const found = await effect(make, comparison);
      if (found) result.push({ choice, ...found });
    }
    return result;
  };
  const sitesOf = async (rewrite: Rewrite, until: number) => {
    const sites: Sites = [];
    for (const site of rewrite.sites(model, inference)) {
      if (clock() > until) skipped.push(`${rewrite.name} ${site.id}`);
      else sites.push({ id: site.id, identity: site.identity, choices: await choicesAt(rewrite, site) });
    }
    return sites;
  };
  const levelsOf = async (rewrite: Rewrite, sites: Sites) => {
    const levels: Analysis['rewrites'][number]['levels'] = [];
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
    const used = inOrder(rewrites);
    const analysed: Analysis['rewrites'] = [];
    for (const [turn, rewrite] of used.entries()) {
      const until = clock() + (end - clock()) / (used.length - turn);
      const sites = await sitesOf(rewrite, until);
      analysed.push({ name: rewrite.name, sites, levels: await levelsOf(rewrite, sites) });
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
