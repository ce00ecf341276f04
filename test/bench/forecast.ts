/**
 * How well a search forecasts its own trials: runs one on this machine, and predicts all that it measured from some
 * twenty of them.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { HardwareProfile } from '../../src/api/hardware-profile.ts';
import type { NASSearch } from '../../src/api/nas-search.ts';
import { hardwareProfiles, trials, variants } from '../../src/api/resources.ts';
import type { Trial } from '../../src/api/trial.ts';
import type { Variant } from '../../src/api/variant.ts';
import { readManifests } from '../../src/cli/manifests.ts';
import { drawRows } from '../../src/core/hardware/predictor/experience.ts';
import { forecasts, type Known } from '../../src/core/search/forecast.ts';
import { spaceOf } from '../../src/core/search/space.ts';
import { withSearch } from './search.ts';

const usage = 'npm run bench -- forecast --search examples/vit/search.yaml --variants 50 --json';
const limitMs = 3_600_000;

/** A search that has ended, with all that it made. */
interface Record {
  search: NASSearch;
  variants: Variant[];
  trials: Trial[];
  profile: HardwareProfile | undefined;
}

function readOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      search: { type: 'string' },
      record: { type: 'string' },
      save: { type: 'string' },
      variants: { type: 'string', default: '50' },
      samples: { type: 'string', default: '20' },
      seeds: { type: 'string', default: '20' },
    },
  });
  if (!values.search === !values.record) throw new Error(`forecast takes --search or --record: ${usage}`);
  const numbers = [values.variants, values.samples, values.seeds].map(Number);
  if (!numbers.every((one) => Number.isInteger(one) && one > 0)) {
    throw new Error('--variants, --samples and --seeds are whole numbers above zero');
  }
  const [most = 0, samples = 0, seeds = 0] = numbers;
  return { ...values, most, samples, seeds };
}

/** Runs the search with room for `most` variants and no limits, so that they are of all kinds. */
async function run(file: string, most: number, say: (line: string) => void): Promise<Record> {
  const manifest = (await readManifests(file)).find(({ kind }) => kind === 'NASSearch') as NASSearch | undefined;
  if (!manifest) throw new Error(`${file} holds no NASSearch`);
  const spec = { ...manifest.spec, budget: { maxVariants: most, maxDuration: '1h' }, latency: undefined };
  let told = 0;
  const progress = ({ status }: NASSearch) => {
    const { succeeded = 0 } = status?.trials ?? {};
    if (succeeded >= told + 5) say(`${succeeded} of ${most} measured`);
    if (succeeded >= told + 5) told = succeeded;
  };
  return withSearch(
    { ...manifest, spec },
    limitMs,
    async (cluster, search) => ({
      search,
      variants: await cluster.list(variants),
      trials: await cluster.list(trials),
      profile: (await cluster.list(hardwareProfiles))[0],
    }),
    progress,
  );
}

/** Every variant that was measured, in the order it was made in. */
function known({ variants: made, trials: measured }: Record): (Known & { ms: number })[] {
  const byAge = made.toSorted((a, b) =>
    (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''),
  );
  return byAge.flatMap(({ metadata, spec, status }) => {
    const trial = measured.find((one) => one.spec.variantRef.name === metadata.name);
    const ms = trial?.status?.latency?.p50Ms;
    return ms ? [{ candidate: spec.candidate, parts: status?.parts, loss: 0, elsewhereMs: [], ms }] : [];
  });
}

const rounded = (value: number) => Number(value.toFixed(3));
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

export async function forecast(say: (line: string) => void, args: readonly string[]): Promise<object> {
  const options = readOptions(args);
  const { search: file, record: path, save, most, samples, seeds } = options;
  const record: Record = path ? JSON.parse(await readFile(path, 'utf8')) : await run(file ?? '', most, say);
  if (save) await writeFile(save, JSON.stringify(record));
  const all = known(record);
  if (all.length <= samples) throw new Error(`${all.length} trials are too few to keep some apart from ${samples}`);
  const base = record.variants.find(({ metadata }) => metadata.name === record.search.status?.base)?.status;
  const space = spaceOf(record.search.spec, { dimensions: base?.dimensions ?? [], precisions: base?.precisions });
  /** Shares within 10%, and inside the 90% interval, of those that were not measured. */
  const judge = (rows: ReadonlySet<number>) => {
    const seen = all.map((one, i) => ({ ...one, hereMs: rows.has(i) ? one.ms : undefined }));
    const expected = forecasts(space, seen, record.profile?.status?.abilities);
    const left = all.flatMap(({ ms }, i) => (rows.has(i) ? [] : [{ measured: ms, ...expected[i] }]));
    const share = (of: (one: (typeof left)[number]) => boolean) => left.filter(of).length / left.length;
    return {
      within10: share(({ measured, ms = 0 }) => Math.abs(ms / measured - 1) <= 0.1),
      coverage90: share(({ measured, lowMs = 0, highMs = 0 }) => measured >= lowMs && measured <= highMs),
    };
  };
  const first = judge(new Set(Array.from({ length: samples }, (_, i) => i)));
  const draws = Array.from({ length: seeds }, (_, seed) => judge(new Set(drawRows(all.length, samples, seed + 1))));
  const result = {
    search: record.search.metadata.name,
    trials: all.length,
    samples,
    inOrder: { within10: rounded(first.within10), coverage90: rounded(first.coverage90) },
    within10: rounded(median(draws.map(({ within10 }) => within10))),
    coverage90: rounded(mean(draws.map(({ coverage90 }) => coverage90))),
  };
  say(
    `${result.search}: ${100 * result.within10}% within 10% from ${samples} of ${result.trials} trials drawn by chance`,
  );
  return result;
}
