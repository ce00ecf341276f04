import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { traits } from '../../../src/core/quality/metric.ts';
import { python } from '../../python.ts';
import type { Metric } from './judge.ts';

/** The engine that all models are judged on is of this version too. */
const engine = 'onnxruntime==1.30.0';

/**
 * Each peer with a set of packages that is known to work on Python 3.11. neural-compressor has had no ONNX Runtime
 * backend since 2.6, which wants the NumPy and ONNX of its time, and needs six and setuptools without saying so; Olive
 * needs requests without saying so.
 */
const peers = {
  onnxruntime: { script: 'onnxruntime_peer.py', packages: [engine, 'onnx==1.23.2', 'sympy==1.14.0'] },
  olive: { script: 'olive_peer.py', packages: [engine, 'onnx==1.23.2', 'olive-ai==0.13.0', 'requests'] },
  'neural-compressor': {
    script: 'neural_compressor_peer.py',
    packages: [
      ...['neural-compressor==2.6', 'onnx==1.16.2', 'onnxruntime==1.18.1'],
      ...['numpy<2', 'six', 'setuptools<81'],
    ],
  },
};
export type PeerName = keyof typeof peers;
export const peerNames = Object.keys(peers) as PeerName[];

export interface PeerTask {
  model: string;
  calibration: string;
  folder: string;
  /** For all of the peer's candidates together. */
  seconds: number;
  output: string;
  metric: Metric;
  /** Makes this candidate and no other. */
  only?: string;
}

/** A model that a peer made, or why it made none. */
export type PeerModel = { what: string; seconds: number; peakBytes?: number } & ({ path: string } | { failed: string });

/** What a peer goes by while it searches, which knows no other metrics; all that it makes is judged by the metric itself. */
const comparison = (metric: Metric) => (traits[metric].percent ? 'Agreement' : 'Cosine');

/** OpenBLAS picks its kernels by the processor, whatever the machine's settings for older builds say. */
function environment(): NodeJS.ProcessEnv {
  const { OPENBLAS_CORETYPE, OPENBLAS_L2_SIZE, ...others } = process.env;
  return { ...others, PYTHONDONTWRITEBYTECODE: '1' };
}

/** Lets a peer make what it can of a model. A peer that can't even start is one failed model. */
export async function runPeer(name: PeerName, task: PeerTask): Promise<PeerModel[]> {
  const { script, packages } = peers[name];
  const path = fileURLToPath(new URL(`../peers/${script}`, import.meta.url));
  const args = Object.entries({
    ...{ model: task.model, calibration: task.calibration, out: join(task.folder, name) },
    ...{ seconds: task.seconds, output: task.output, metric: comparison(task.metric), only: task.only },
  }).flatMap(([option, value]) => (value === undefined ? [] : [`--${option}`, String(value)]));
  const child = spawn(await python(packages), [path, ...args], {
    // neural-compressor leaves a folder where it runs.
    cwd: task.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environment(),
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  // Libraries are talkative: only the end of it is of use, and only when all fails.
  let said = '';
  child.stderr.on('data', (text) => {
    said = (said + text).slice(-2000);
  });
  const models: PeerModel[] = [];
  for await (const line of createInterface(child.stdout)) if (line.startsWith('{')) models.push(JSON.parse(line));
  const code = await exited;
  if (models.length > 0) return models;
  const reason = said.trim().split('\n').at(-1)?.slice(0, 200);
  return [{ what: name, failed: reason || `ended with ${code}`, seconds: 0 }];
}
