/** What it takes to propose a batch after many trials: time and memory of a process, beside the peers'. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { python } from '../python.ts';

const run = promisify(execFile);

interface Batch {
  proposed: number;
  ms: number;
  cpuMs: number;
  restingBytes: number;
  peakBytes: number;
}

const child = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const answer = (stdout: string): Batch => JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}');
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const rounded = (value: number) => Number(value.toFixed(1));

/** Medians over the repeats; memory is the most of any. */
const summary = (all: Batch[]) => ({
  ms: rounded(median(all.map(({ ms }) => ms))),
  cpuMs: rounded(median(all.map(({ cpuMs }) => cpuMs))),
  peakMB: rounded(Math.max(...all.map(({ peakBytes }) => peakBytes)) / 1e6),
  ofWhichAtRestMB: rounded(median(all.map(({ restingBytes }) => restingBytes)) / 1e6),
});

export async function proposal(say: (line: string) => void, args: readonly string[]): Promise<object> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      trials: { type: 'string', default: '1000' },
      batch: { type: 'string', default: '8' },
      repeats: { type: 'string', default: '5' },
    },
  });
  const [trials, batch, repeats] = [Number(values.trials), Number(values.batch), Number(values.repeats)];
  if (![trials, batch, repeats].every((one) => Number.isInteger(one) && one > 0)) {
    throw new Error('--trials, --batch and --repeats are whole numbers above zero');
  }
  const interpreter = await python(['numpy==2.3.5', 'pymoo==0.6.2', 'optuna==5.0.0']);
  const ours = (sampler: string) => (seed: number) =>
    run(process.execPath, [child('proposal-child.ts'), sampler, String(trials), String(batch), String(seed)]);
  const optuna = (sampler: string) => (seed: number) =>
    run(interpreter, [child('peers/proposal_peer.py'), sampler, String(trials), String(batch), String(seed)]);
  const contestants = {
    surrogate: ours('surrogate'),
    evolution: ours('evolution'),
    'optuna NSGA-II': optuna('nsga2'),
    'optuna TPE': optuna('tpe'),
  };
  const found = new Map<string, Batch[]>();
  for (let seed = 1; seed <= repeats; seed++) {
    for (const [name, propose] of Object.entries(contestants)) {
      const { stdout } = await propose(seed);
      const one = answer(stdout);
      if (one.proposed !== batch) throw new Error(`${name} proposed ${one.proposed} instead of ${batch}`);
      found.set(name, [...(found.get(name) ?? []), one]);
    }
  }
  const figures = Object.fromEntries([...found].map(([name, all]) => [name, summary(all)]));
  for (const [name, { ms, peakMB }] of Object.entries(figures)) say(`${name}: ${ms} ms, ${peakMB} MB`);
  const { surrogate, ...peers } = figures;
  return { trials, batch, repeats, ...surrogate, peers };
}
