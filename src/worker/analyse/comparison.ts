import type { EngineOptions } from '../../api/candidate.ts';
import { modelCost } from '../../core/onnx/cost/cost.ts';
import { encode, type Model } from '../../core/onnx/model.ts';
import { outputChange } from '../../core/statistics/output-change.ts';
import { quantile } from '../../core/statistics/quantile.ts';
import type { Engine, Session, Tensor } from '../../engines/engine.ts';
import { batch, type Dataset, repeatedBatch } from '../dataset.ts';
import { fixedBatch } from '../judge/batches.ts';

/** Rows whose outputs are compared. */
const comparedRows = 24;
/** Times that the changed model and the base are timed in turns, and the least time that either gets each time. */
const [rounds, roundMs] = [7, 6];

/** What one change does: how much longer a run takes than the base's, and how far the output moves (`outputChange`). */
export interface Effect {
  costMs: number;
  loss: number;
}

/** The base model, loaded, to compare changed ones with. */
export interface Comparison {
  baseMs: number;
  effectOf(changed: Model): Promise<Effect>;
  close(): Promise<void>;
}

export interface ComparisonSetup {
  engine: Engine;
  options: EngineOptions;
  data: Dataset;
  /** The output that is compared; the model's first when left out. */
  output?: string | undefined;
  /** Inputs in one run when it is timed. */
  batchSize: number;
  clock: () => number;
}

/** A run that nothing disturbed: what disturbs only ever adds. */
const undisturbed = (runsMs: number[]) => quantile(Float64Array.from(runsMs).sort(), 0.2);

/** An output for each part of the inputs, one after the other. */
async function outputs(session: Session, name: string, parts: readonly Record<string, Tensor>[]): Promise<number[]> {
  const all: number[] = [];
  for (const feeds of parts) for (const value of (await session.run(feeds))[name]?.data ?? []) all.push(Number(value));
  return all;
}

/** Multiply-accumulates of one run, sizes that are left open counted as 1; at least 1. */
const macsOf = (model: Model) => Math.max(1, modelCost(model).macs);

/**
 * What a change costs, between what its work says and what a clock says: where rounds of timing don't agree on a machine
 * that others use too, the cost by work counts as far as the rounds allow it. Their interval leaves out the least and
 * the greatest, which has a confidence of 87.5% for seven.
 */
export function plausible(byWorkMs: number, differencesMs: readonly number[]): number {
  const [, low = 0, ...others] = differencesMs.toSorted((a, b) => a - b);
  const high = others.at(-2) ?? low;
  return Math.max(low, Math.min(high, byWorkMs));
}

export async function compareWith(base: Model, setup: ComparisonSetup): Promise<Comparison> {
  const { engine, options, data, batchSize, clock } = setup;
  const load = (model: Model) => engine.load(encode(model), options);
  const session = await load(base);
  const fixed = fixedBatch([session]);
  const rows = Math.min(comparedRows, data.rows);
  const size = fixed ?? rows;
  const parts = Array.from({ length: Math.floor(rows / size) }, (_, i) => batch(data, i * size, (i + 1) * size));
  const judged = setup.output ?? session.outputs[0]?.name ?? '';
  const expected = await outputs(session, judged, parts);
  const timed = repeatedBatch(data, fixed ?? batchSize);

  const timesOf = async (one: Session, runs: number) => {
    const times: number[] = [];
    for (let i = 0; i < runs; i++) {
      const started = clock();
      await one.run(timed);
      times.push(clock() - started);
    }
    return times;
  };
  await timesOf(session, 3);
  const baseMs = undisturbed(await timesOf(session, 15));
  const baseMacs = macsOf(base);
  const runs = Math.max(2, Math.ceil(roundMs / Math.max(0.01, baseMs)));

  return {
    baseMs,
    async effectOf(changed) {
      const other = await load(changed);
      try {
        const loss = outputChange(await outputs(other, judged, parts), expected, size * parts.length);
        await timesOf(other, 2);
        const differences: number[] = [];
        for (let round = 0; round < rounds; round++) {
          const before = undisturbed(await timesOf(session, runs));
          differences.push(undisturbed(await timesOf(other, runs)) - before);
        }
        const byWork = baseMs * (macsOf(changed) / baseMacs - 1);
        return { costMs: plausible(byWork, differences), loss };
      } finally {
        await other.release();
      }
    },
    close: () => session.release(),
  };
}
