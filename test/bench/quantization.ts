import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { decode } from '../../src/core/onnx/model.ts';
import { median } from '../../src/core/statistics/quantile.ts';
import { engine } from '../../src/engines/onnxruntime/onnxruntime.ts';
import { dataset } from '../../src/worker/dataset.ts';
import { writeNpz } from '../../src/worker/npz.ts';
import { randomInputs } from './compression/inputs.ts';
import { judgeBy, judgedOutput } from './compression/judge.ts';
import { runPeer } from './compression/peers.ts';
import { sampleModel } from './quantization/sample-model.ts';

const run = promisify(execFile);
const child = fileURLToPath(new URL('./quantize-child.ts', import.meta.url));
const rows = 32;
const peerSeconds = 600;
/** What the peer's script calls the same work. */
const kinds = { dynamic: 'dynamic', static: 'static per-channel, Conv MatMul Gemm' } as const;
type Kind = keyof typeof kinds;

interface Cost {
  seconds: number;
  peakBytes: number;
  phases?: Record<string, { seconds: number; peakBytes: number }>;
}
interface Made extends Cost {
  path: string;
}

interface Task {
  folder: string;
  model: string;
  calibration: string;
  output: string;
}

async function byRetune({ folder, model, calibration }: Task, kind: Kind): Promise<Made> {
  const path = join(folder, `retune-${kind}.onnx`);
  // The product is plain JavaScript: what strips types from the sources is not its memory, and is not loaded the second time.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') };
  const { stdout } = await run(process.execPath, [child, kind, model, path, calibration], { env });
  return { ...(JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Cost), path };
}

async function byPython({ folder, model, calibration, output }: Task, kind: Kind): Promise<Made> {
  const task = { model, calibration, folder, output, seconds: peerSeconds };
  const [made] = await runPeer('onnxruntime', { ...task, metric: 'Cosine', only: kinds[kind] });
  if (!made || 'failed' in made)
    throw new Error(`onnxruntime.quantization failed: ${made?.failed ?? 'it said nothing'}`);
  return { seconds: made.seconds, peakBytes: made.peakBytes ?? 0, path: made.path };
}

async function summary(runs: Made[], judge: (path: string) => Promise<number>) {
  const { path, phases } = runs.at(-1) as Made;
  return {
    seconds: median(runs.map(({ seconds }) => seconds)),
    peakBytes: median(runs.map(({ peakBytes }) => peakBytes)),
    ...{ bytes: (await stat(path)).size, cosine: await judge(path), phases },
  };
}

/**
 * INT8 by Retune and by Python's onnxruntime.quantization, each in a process of its own, in turns: seconds from the model
 * file to the quantised file, once the program is loaded; largest resident set; cosine of the outputs to the base model's.
 */
export async function quantization(say: (line: string) => void, args: readonly string[]): Promise<object> {
  const { values } = parseArgs({
    args: [...args],
    options: { model: { type: 'string' }, repeats: { type: 'string', default: '3' } },
  });
  const folder = await mkdtemp(join(tmpdir(), 'retune-bench-'));
  try {
    const model = values.model ? resolve(values.model) : join(folder, 'sample.onnx');
    if (!values.model) await writeFile(model, sampleModel());
    const bytes = new Uint8Array(await readFile(model));
    const session = await engine.load(bytes, { threads: 1, graphOptimization: 'All' });
    const [output, { inputs }] = [judgedOutput(session), session];
    await session.release();
    const arrays = writeNpz(randomInputs(decode(bytes), inputs, rows, 1));
    const calibration = join(folder, 'calibration.npz');
    await writeFile(calibration, arrays);
    const data = dataset(arrays, inputs);
    const cosine = judgeBy(engine, { metric: 'Cosine', output, data, base: bytes });
    const judge = async (path: string) => cosine(new Uint8Array(await readFile(path)));

    const results: Record<string, object> = {};
    for (const kind of Object.keys(kinds) as Kind[]) {
      const [ours, theirs]: [Made[], Made[]] = [[], []];
      for (let repeat = 1; repeat <= Number(values.repeats); repeat++) {
        const task = { folder, model, calibration, output };
        const [mine, other] = [await byRetune(task, kind), await byPython(task, kind)];
        say(`${kind} ${repeat}: Retune ${written(mine)}, Python ${written(other)}`);
        ours.push(mine);
        theirs.push(other);
      }
      const [retune, python] = [await summary(ours, judge), await summary(theirs, judge)];
      results[kind] = {
        ...{ retune, python },
        timesFaster: python.seconds / retune.seconds,
        memoryShare: retune.peakBytes / python.peakBytes,
      };
    }
    return { model: values.model ?? 'sample', bytes: bytes.length, inputs: 'random', ...results };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const written = ({ seconds, peakBytes }: Cost) => `${seconds.toFixed(2)} s and ${(peakBytes / 1e6).toFixed(0)} MB`;
