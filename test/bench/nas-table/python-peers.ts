import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { python } from '../../python.ts';
import { alphabet } from './architecture.ts';
import type { Contest } from './contest.ts';
import { courseOf, type Figures, figures } from './run.ts';

const run = promisify(execFile);

/** Versions that were tried together. */
const packages = ['numpy==2.3.5', 'pymoo==0.6.2', 'optuna==5.0.0'];
const script = 'test/bench/peers/nas_table_peer.py';

/**
 * NSGA-II of pymoo and of Optuna on the same table, or what went wrong. An architecture that the table lacks counts as
 * one that failed.
 */
export async function pythonPeers(
  contest: Contest,
  whole: number,
  seeds: number,
  budget: number,
  say: (line: string) => void,
): Promise<Record<string, Figures | { failed: string }>> {
  const folder = await mkdtemp(join(tmpdir(), 'retune-nas-table-'));
  try {
    const file = join(folder, 'table.json');
    const { ops, points } = contest;
    await writeFile(file, JSON.stringify({ operators: alphabet(ops).join(''), ops, points, seeds, budget }));
    const { stdout } = await run(await python(packages), [script, file], { maxBuffer: 64e6 });
    const found = JSON.parse(stdout) as Record<string, number[][]>;
    const all = Object.entries(found).map(([name, evaluated]) => {
      const one = figures(evaluated.map((made) => courseOf(contest, whole, made)));
      say(`${name} ${one.evaluationsTo99 ?? 'never'}, ${one.hypervolumeAt25} after 25`);
      return [name, one] as const;
    });
    return Object.fromEntries(all);
  } catch (error) {
    const failed = String(error instanceof Error ? error.message : error).split('\n')[0] ?? '';
    say(`the Python peers can't be run: ${failed}`);
    return { pymooNsga2: { failed }, optunaNsga2: { failed } };
  } finally {
    await rm(folder, { recursive: true });
  }
}
