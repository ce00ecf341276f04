/**
 * How long the best precision of 50 layers with 4 choices each takes to find, beside SciPy's HiGHS on the same problems,
 * in turns. Costs and losses are random, with the shape of what is measured: fewer bits cost less and lose more.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { allocate } from '../../src/core/search/allocation/allocate.ts';
import type { Choice } from '../../src/core/search/allocation/relaxation.ts';
import { median } from '../../src/core/statistics/quantile.ts';
import { python } from '../python.ts';

const [problems, layers] = [60, 50];

interface Problem {
  items: Choice[][];
  budget: number;
}

function problem(seed: number): Problem {
  const random = xoroshiro128plus(seed);
  const between = (low: number, high: number) => low + uniformFloat64(random) * (high - low);
  const items = Array.from({ length: layers }, () => {
    const [work, sensitivity] = [between(0.1, 2), 10 ** between(-5, 0)];
    return [1, 0.55, 0.35, 0.25].map((share, step) => ({
      cost: work * share * between(0.8, 1.25),
      loss: step === 0 ? 0 : sensitivity * 4 ** step * between(0.5, 2),
    }));
  });
  const ends = [Math.min, Math.max].map((end) =>
    items.reduce((sum, choices) => sum + end(...choices.map(({ cost }) => cost)), 0),
  ) as [number, number];
  return { items, budget: ends[0] + between(0.05, 0.95) * (ends[1] - ends[0]) };
}

export async function allocation(say: (line: string) => void): Promise<object> {
  const peer = spawn(await python(['numpy==2.3.5', 'scipy==1.16.3']), ['test/bench/peers/milp.py'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answers = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
  const [ours, theirs, ratios]: [number[], number[], number[]] = [[], [], []];
  let worse = 0;
  try {
    for (let seed = 1; seed <= problems; seed++) {
      const { items, budget } = problem(seed);
      const started = performance.now();
      const chosen = allocate(items, budget) ?? [];
      const ms = performance.now() - started;
      const loss = chosen.reduce((sum, index, item) => sum + (items[item]?.[index]?.loss ?? Number.NaN), 0);
      peer.stdin.write(`${JSON.stringify({ items, budget })}\n`);
      const { value } = await answers.next();
      const answer = JSON.parse(value as string) as { loss: number; ms: number };
      if (!(loss <= answer.loss * (1 + 1e-6))) worse += 1;
      ours.push(ms);
      theirs.push(answer.ms);
      ratios.push(ms / answer.ms);
      if (seed % 20 === 0) say(`${seed} of ${problems} problems solved`);
    }
  } finally {
    peer.kill();
  }
  return {
    ...{ problems, layers, choices: 4, worseThanHighs: worse },
    ...{ medianMs: median(ours), maxMs: Math.max(...ours), highsMedianMs: median(theirs), ratio: median(ratios) },
  };
}
