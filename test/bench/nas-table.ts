/**
 * How many architectures of a measured table a search must look at until it has the front of latency and accuracy: the
 * product's model-based search, beside chance, the product's evolution, and NSGA-II of two Python libraries.
 */
import { parseArgs } from 'node:util';
import { evolutionSampler } from '../../src/core/search/samplers/evolution.ts';
import { randomSampler } from '../../src/core/search/samplers/random.ts';
import { PoolSearch } from '../../src/core/search/surrogate/pool-search.ts';
import { architectureFeatures } from './nas-table/architecture.ts';
import { contest } from './nas-table/contest.ts';
import { pythonPeers } from './nas-table/python-peers.ts';
import { type Course, type Figures, figures, searched, trueVolume } from './nas-table/run.ts';
import { samplerSearcher, surrogateSearcher } from './nas-table/searchers.ts';
import { column, readTable } from './tables/table.ts';

/** Evaluations after which a search that hasn't arrived is given up. */
const [budget, peerBudget] = [160, 300];
/** The peers take so long that fewer seeds must do. */
const mostPeerSeeds = 7;

const usage = 'npm run bench -- nas-table --latency FILE --accuracy FILE --device COLUMN --metric COLUMN --seeds 20';

function readOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      latency: { type: 'string' },
      accuracy: { type: 'string' },
      device: { type: 'string' },
      metric: { type: 'string' },
      seeds: { type: 'string', default: '20' },
      alone: { type: 'boolean', default: false },
    },
  });
  const { latency, accuracy, device, metric } = values;
  if (!latency || !accuracy || !device || !metric) throw new Error(`nas-table takes two tables and columns: ${usage}`);
  const seeds = Number(values.seeds);
  if (!Number.isInteger(seeds) || seeds < 1) throw new Error('--seeds is a number of runs, one or more');
  return { latency, accuracy, device, metric, seeds, alone: values.alone };
}

export async function nasTable(say: (line: string) => void, args: readonly string[]): Promise<object> {
  const { latency, accuracy, device, metric, seeds, alone } = readOptions(args);
  const table = contest(column(await readTable(latency), device), column(await readTable(accuracy), metric));
  const whole = trueVolume(table);
  const runs = (count: number, run: (seed: number) => Course) => Array.from({ length: count }, (_, i) => run(i + 1));
  const told = (name: string, found: Figures) => {
    say(`${device}, ${metric}: ${name} ${found.evaluationsTo99 ?? 'never'}, ${found.hypervolumeAt25} after 25`);
    return found;
  };

  const search = new PoolSearch(architectureFeatures(table.ops));
  const started = process.cpuUsage();
  const courses = runs(seeds, (seed) => searched(table, whole, budget, surrogateSearcher(search, table, seed)));
  const own = told('surrogate', figures(courses));
  const { user, system } = process.cpuUsage(started);
  const cpuSecondsARun = Number(((user + system) / 1e6 / seeds).toFixed(2));
  const result = { device, metric, architectures: table.ops.length, seeds, ...own, cpuSecondsARun };
  if (alone) return result;

  const peerSeeds = Math.min(seeds, mostPeerSeeds);
  const samplers = { random: randomSampler, evolution: evolutionSampler };
  const ours = Object.entries(samplers).map(([name, sampler]) => {
    const run = (seed: number) => searched(table, whole, peerBudget, samplerSearcher(sampler, table, seed));
    return [name, told(name, figures(runs(peerSeeds, run)))] as const;
  });
  const theirs = await pythonPeers(table, whole, peerSeeds, peerBudget, say);
  const peers = { ...Object.fromEntries(ours), ...theirs };
  return { ...result, peerSeeds, peerBudget, peers };
}
