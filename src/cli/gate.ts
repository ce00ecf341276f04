import { pathToFileURL } from 'node:url';
import type { LatencySLA } from '../api/latency-sla.ts';
import type { NASSearch } from '../api/nas-search.ts';
import { trials, variants } from '../api/resources.ts';
import { durationMs } from '../api/units.ts';
import { problems } from '../api/validate.ts';
import { limitOf } from '../core/quality/limit.ts';
import { type GateCheck, gate as judge, type Shipped, type Standard } from '../core/sla/gate.ts';
import type { Cluster } from '../runtime/cluster/cluster.ts';
import { readManifests } from './manifests.ts';
import { outcomeOf, runSearch } from './run-search.ts';
import { interrupted, readSearch, watch } from './search.ts';
import { Live } from './terminal.ts';

interface GateOptions {
  model: string;
  file: string;
  front?: string;
  accelerator?: string;
  output: string;
}

/** The one model, judged and measured as the base of a search that searches nothing. */
async function measured(search: NASSearch, model: string, signal: AbortSignal) {
  const { spec, metadata } = search;
  const alone = { ...spec.budget, maxVariants: 1 };
  const manifest = {
    ...{ ...search, metadata: { ...metadata, name: `${metadata.name}-gate` } },
    spec: { ...spec, model: { uri: pathToFileURL(model).href }, supernet: undefined, budget: alone },
  } as NASSearch;
  const wrong = problems(manifest as Parameters<typeof problems>[0]);
  if (wrong.length > 0) throw new Error(wrong.join('; '));
  const take = async (cluster: Cluster, found: NASSearch) => {
    const outcome = outcomeOf(found);
    const [variant] = await cluster.list(variants);
    const [trial] = await cluster.list(trials);
    const { latency, loadCurve = [] } = trial?.status ?? {};
    const { quality } = variant?.status ?? {};
    if (!latency || !quality) throw new Error(`${model} could not be measured: ${outcome?.message ?? 'interrupted'}`);
    const { p99Ms, p99LowMs, p99HighMs } = latency;
    const shipped: Shipped = { quality, p99Ms, p99LowMs, p99HighMs, loadCurve };
    return { shipped, accelerator: trial?.spec.accelerator };
  };
  return runSearch(manifest, take, { signal, progress: watch(new Live()) });
}

/** What the model is held against, from the files: the search's limits, the SLA's where there is one, the front. */
async function standardOf(search: NASSearch, { file, front, accelerator }: GateOptions, here: string | undefined) {
  const sla = (await readManifests(file)).find(({ kind }) => kind === 'LatencySLA') as LatencySLA | undefined;
  const present = (front ? await readManifests(front) : []).find(({ kind }) => kind === 'NASSearch') as
    | NASSearch
    | undefined;
  if (front && !present) throw new Error(`${front} holds no NASSearch: kubectl get nassearch NAME -o yaml writes one`);
  const wanted = accelerator ?? here;
  const its = present?.status?.accelerators?.find(({ name }) => name === wanted);
  if (present && !its) {
    const names = (present.status?.accelerators ?? []).map(({ name }) => name).join(', ') || 'none';
    throw new Error(
      `${front} has no front of "${wanted}", it has ${names}: name the one to compare with --accelerator`,
    );
  }
  const threshold = sla?.spec.objective.threshold ?? search.spec.latency?.threshold;
  const base = its?.front.find(({ variant }) => variant === present?.status?.base)?.quality;
  const limits = sla?.spec.quality?.floor ? { floor: sla.spec.quality.floor } : search.spec.quality;
  const { ratePerSecond, replicas = 1 } = sla?.status?.measured ?? {};
  return (shipped: Shipped): Standard => ({
    quality: limitOf(limits, base === undefined ? undefined : { ...shipped.quality, value: base }),
    thresholdMs: threshold ? durationMs(threshold) : undefined,
    ratePerSecond: ratePerSecond === undefined ? undefined : ratePerSecond / replicas,
    front: its?.front,
  });
}

const row = ({ check, verdict, message }: GateCheck) => `${verdict.padEnd(10)}  ${check.padEnd(8)}  ${message}`;

/**
 * Judges and measures one model on this machine and holds it against the limits of a search and an SLA, and the present
 * front. Exit codes: 0 it may be shipped, 1 it may not, 2 it can't be told or the input is wrong.
 */
export async function gate(options: GateOptions): Promise<void> {
  if (!['table', 'json'].includes(options.output)) throw new Error(`-o takes table or json, not "${options.output}"`);
  process.exitCode = 2;
  const search = await readSearch(options.file);
  const { shipped, accelerator } = await measured(search, options.model, interrupted());
  const standard = await standardOf(search, options, accelerator);
  const checks = judge(shipped, standard(shipped));
  if (checks.length === 0) {
    throw new Error(`${options.file} sets no limit and no front is given: there is nothing to hold the model against`);
  }
  if (options.output === 'json') console.log(JSON.stringify({ model: options.model, accelerator, ...shipped, checks }));
  else for (const check of checks) console.log(row(check));
  const has = (verdict: GateCheck['verdict']) => checks.some((check) => check.verdict === verdict);
  process.exitCode = has('Fail') ? 1 : has('CannotTell') ? 2 : 0;
}
