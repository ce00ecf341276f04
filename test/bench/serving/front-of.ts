import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NASSearch } from '../../../src/api/nas-search.ts';
import type { Trial } from '../../../src/api/trial.ts';
import type { Variant } from '../../../src/api/variant.ts';
import { lossOf } from '../../../src/core/quality/metric.ts';
import { quantile } from '../../../src/core/statistics/quantile.ts';
import { directoryStore } from '../../../src/stores/directory/directory.ts';
import { Front, type MeasuredVariant } from './front.ts';

const points = 100;

/** The samples of a record as so many quantiles, the least and the largest among them. */
function quantilesOf(samplesMs: number[]): number[] {
  const sorted = Float64Array.from(samplesMs).sort();
  return Array.from({ length: points + 1 }, (_, i) => Number(quantile(sorted, i / points).toFixed(4)));
}

async function measuredVariant(variant: Variant, trial: Trial): Promise<MeasuredVariant | undefined> {
  const { artifact, quality } = variant.status ?? {};
  const { latency, loadCurve, record, outputsAgree, stoppedEarly } = trial.status ?? {};
  if (!artifact || !quality || !latency || !loadCurve || !record || outputsAgree === false || stoppedEarly)
    return undefined;
  // <store>/sha256/<hex>
  const store = directoryStore(dirname(dirname(fileURLToPath(artifact.uri))));
  const { candidateMs } = JSON.parse(new TextDecoder().decode(await store.get(record))) as { candidateMs: number[] };
  const { p50Ms, p99Ms, meanMs } = latency;
  return {
    ...{ variant: variant.metadata.name, precision: variant.spec.candidate.precision, onFront: false },
    ...{ quality, p50Ms, p99Ms, meanMs, loadCurve, serviceMs: quantilesOf(candidateMs) },
  };
}

/**
 * What a search measured, for the simulation. The store that its artifacts are in must still be there. Throws Error when
 * the base model was not measured.
 */
export async function frontOf(search: NASSearch, made: Variant[], run: Trial[], thresholdMs: number): Promise<Front> {
  const all = await Promise.all(
    run.map((trial) => {
      const variant = made.find(({ metadata }) => metadata.name === trial.spec.variantRef.name);
      return variant && measuredVariant(variant, trial);
    }),
  );
  const measured = all.filter((one) => one !== undefined);
  const { base } = search.status ?? {};
  if (!measured.some(({ variant }) => variant === base)) {
    throw new Error('the base model was not measured: the machine must be idle');
  }
  const beats = (a: MeasuredVariant, b: MeasuredVariant) =>
    a.meanMs <= b.meanMs && lossOf(a.quality) <= lossOf(b.quality) && a !== b;
  for (const one of measured) one.onFront = !measured.some((other) => beats(other, one));
  const facts = run.find(({ status }) => status?.facts)?.status?.facts;
  return Front.parse({
    machine: `${facts?.cpuModel}, one thread, ${facts?.engine}`,
    ...{ batchSize: search.spec.workload.batchSize, base, thresholdMs },
    variants: measured.filter(({ onFront, variant }) => onFront || variant === base),
  });
}
