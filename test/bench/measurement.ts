import { fork } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { decode, encode } from '../../src/core/onnx/model.ts';
import { parseManifest, slice } from '../../src/core/onnx/supernet.ts';
import { difference, pairedRatio } from '../../src/core/statistics/paired.ts';
import { directoryStore } from '../../src/stores/directory/directory.ts';
import { interleave } from '../../src/worker/measure/interleave.ts';
import type { RunnerSetup } from '../../src/worker/measure/messages.ts';

/** Differences below this don't count: the margin that Retune itself decides with. */
const margin = 0.01;
const comparisons = Number(process.env.RETUNE_BENCH_COMPARISONS ?? 50);
const slowdowns = [0.2, 0.1, 0.05, 0.04, 0.03, 0.02, 0.015];
/** A difference is found when it is claimed, in the right direction, in each of so many measurements. */
const findings = 3;
const tenSeconds = 10_000;

/** Keeps a processor busy now and then: 0.2 to 1.5 s on, as long off. */
function busyNeighbour() {
  const child = fork(fileURLToPath(new URL('./neighbour.ts', import.meta.url)));
  return () =>
    new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill();
    });
}

async function subject(store: string): Promise<string> {
  const base = decode(new Uint8Array(await readFile('examples/quickstart/supernet.onnx')));
  const manifest = parseManifest(await readFile('examples/quickstart/supernet.json', 'utf8'));
  const narrow = { 'stage1.width': 16, 'stage2.width': 32, 'stage1.depth': 2, 'stage2.depth': 2 };
  return directoryStore(store).put(encode(slice(base, manifest, narrow)));
}

const moduleOf = (path: string) => new URL(path, import.meta.url).href;

/** How often a difference is claimed where there is none, and how small a true one is found in ten seconds. */
export async function measurement(say: (line: string) => void): Promise<object> {
  const folder = await mkdtemp(join(tmpdir(), 'retune-bench-'));
  const stopNeighbour = busyNeighbour();
  try {
    const setup: RunnerSetup = {
      modules: {
        engine: moduleOf('../../src/engines/onnxruntime/onnxruntime.ts'),
        stores: moduleOf('../../src/stores/open.ts'),
      },
      store: pathToFileURL(folder).href,
      digest: await subject(folder),
      options: { threads: 1, graphOptimization: 'All' },
      inputs: { uri: pathToFileURL('examples/quickstart/heldout.npz').href },
      batchSize: 16,
    };
    const compare = async (seed: number, candidate: RunnerSetup, maxMs: number) => {
      const measured = await interleave(candidate, setup, { minSamples: 4000, controlSamples: 4000, maxMs, seed });
      const ratio = pairedRatio(measured.pairs);
      const claim = difference(ratio, margin);
      const interval = `${ratio.value.toFixed(4)} [${ratio.low.toFixed(4)}, ${ratio.high.toFixed(4)}]`;
      return {
        claim,
        text: `${claim} ${interval}, ${measured.pairs.length} pairs, ${measured.contaminated} set aside`,
      };
    };
    let falseClaims = 0;
    for (let i = 1; i <= comparisons; i++) {
      const { claim, text } = await compare(i, setup, 5000);
      if (claim !== 'CannotTell') falseClaims += 1;
      say(`same model ${i}/${comparisons}: ${text}; false claims so far ${falseClaims}`);
    }
    let smallestDifferenceFoundPercent: number | null = null;
    for (const slowdown of slowdowns) {
      process.env.RETUNE_BENCH_SLOWDOWN = String(slowdown);
      const slowed = { ...setup, modules: { ...setup.modules, engine: moduleOf('./slowed-engine.ts') } };
      let found = 0;
      for (let seed = 1; seed <= findings; seed++) {
        const { claim, text } = await compare(1000 + seed, slowed, tenSeconds);
        if (claim === 'Slower') found += 1;
        say(`${slowdown * 100}% slower, ${seed}/${findings}: ${text}`);
      }
      if (found < findings) break;
      smallestDifferenceFoundPercent = slowdown * 100;
    }
    return { comparisons, falseClaims, smallestDifferenceFoundPercent };
  } finally {
    await stopNeighbour();
    await rm(folder, { recursive: true });
  }
}
