import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { decode } from '../../src/core/onnx/model.ts';
import { engine } from '../../src/engines/onnxruntime/onnxruntime.ts';
import { dataset } from '../../src/worker/dataset.ts';
import { writeNpz } from '../../src/worker/npz.ts';
import { bestOf, type Contestant, type Contribution, type Judged } from './compression/contest.ts';
import { randomInputs } from './compression/inputs.ts';
import { isClassifier, judgeBy, judgedOutput, type Metric, metrics } from './compression/judge.ts';
import { type PeerName, peerNames, runPeer } from './compression/peers.ts';
import { retuneFront } from './compression/retune.ts';
import { row, tableHead } from './compression/table.ts';
import { inTurns, thorough } from './compression/timing.ts';

const [calibrationRows, heldoutRows] = [64, 256];
const one = { threads: 1, graphOptimization: 'All' } as const;

function readOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      model: { type: 'string' },
      data: { type: 'string' },
      calibration: { type: 'string' },
      metric: { type: 'string' },
      output: { type: 'string' },
      seconds: { type: 'string', default: '300' },
      batch: { type: 'string', default: '1' },
      peers: { type: 'string', default: peerNames.join() },
    },
  });
  const { model, metric } = values;
  if (!model) throw new Error('compression takes a model: npm run bench -- compression --model FILE --json');
  if (metric && !metrics.includes(metric as Metric)) throw new Error(`--metric is one of ${metrics.join(', ')}`);
  const names = values.peers.split(',').filter(Boolean);
  const unknown = names.find((name) => !peerNames.includes(name as PeerName));
  if (unknown) throw new Error(`there is no peer "${unknown}": choose from ${peerNames.join(', ')}`);
  const [seconds, batchSize] = [Number(values.seconds), Number(values.batch)];
  if (!(seconds > 0) || !(batchSize >= 1)) throw new Error('--seconds and --batch are positive numbers');
  return { ...values, model: resolve(model), metric: metric as Metric, names: names as PeerName[], seconds, batchSize };
}
type Options = ReturnType<typeof readOptions>;

/** The model with the rows that all are judged on, and the rows that all may calibrate with. */
async function prepare({ model: path, data, calibration, output, metric }: Options, folder: string) {
  const bytes = new Uint8Array(await readFile(path));
  const model = decode(bytes);
  const session = await engine.load(bytes, one);
  const { inputs } = session;
  const judged = output ?? judgedOutput(session);
  await session.release();
  const random = async (name: string, rows: number, seed: number) => {
    const file = join(folder, `${name}.npz`);
    await writeFile(file, writeNpz(randomInputs(model, inputs, rows, seed)));
    return file;
  };
  const heldout = data ? resolve(data) : await random('heldout', heldoutRows, 1);
  const calibrated = calibration ? resolve(calibration) : await random('calibration', calibrationRows, 2);
  const rows = dataset(new Uint8Array(await readFile(heldout)), inputs);
  const fallback = rows.labels ? 'Top1' : isClassifier(model, judged) ? 'Agreement' : 'Cosine';
  const chosen = metric ?? fallback;
  return {
    ...{ path, bytes, heldout, calibration: calibrated, output: judged, metric: chosen },
    inputs: data ? `${rows.rows} rows of ${data}` : `${rows.rows} rows of random inputs`,
    judge: judgeBy(engine, { metric: chosen, output: judged, data: rows, base: bytes }),
  };
}
type Subject = Awaited<ReturnType<typeof prepare>>;

async function peerContribution(name: PeerName, { path, ...subject }: Subject, options: Options, folder: string) {
  const { calibration, output, metric } = subject;
  const made = await runPeer(name, { model: path, calibration, output, metric, folder, seconds: options.seconds });
  return Promise.all(
    made.map(async (model): Promise<Contribution> => {
      if ('failed' in model) return model;
      return { what: model.what, model: new Uint8Array(await readFile(model.path)) };
    }),
  );
}

async function retuneContribution({ path, ...subject }: Subject, options: Options): Promise<Contribution[]> {
  const { calibration, heldout, metric, output } = subject;
  const { seconds, batchSize } = options;
  const task = { model: path, calibration, heldout, metric, output, batchSize, seconds };
  return retuneFront(task).catch((error: Error) => [{ what: 'search', failed: error.message }]);
}

/**
 * The fastest that each peer and Retune make of one model in the same time, within 1% of its quality, all judged by the
 * same code on the same rows and timed in turns.
 */
export async function compression(say: (line: string) => void, args: readonly string[]): Promise<object> {
  const options = readOptions(args);
  const folder = await mkdtemp(join(tmpdir(), 'retune-bench-'));
  try {
    const subject = await prepare(options, folder);
    say(`judged: ${subject.metric} of "${subject.output}" on ${subject.inputs}; ${options.seconds} s for each`);
    const timer = { folder, heldout: subject.heldout, batchSize: options.batchSize };
    const base: Judged = { what: 'base', model: subject.bytes, quality: await subject.judge(subject.bytes) };
    const contest = async (name: string, contributions: Contribution[]) =>
      bestOf({ name, contributions, base, metric: subject.metric, judge: subject.judge, timer, say });
    const peers: [PeerName, Contestant][] = [];
    for (const name of options.names) {
      peers.push([name, await contest(name, await peerContribution(name, subject, options, folder))]);
    }
    const retune = await contest('retune', await retuneContribution(subject, options));
    const control = await inTurns(timer, retune.model, base.model, thorough);
    const figures = (contestant: Judged & { p50Ms: number; p99Ms: number }) => ({
      ...{ p50Ms: contestant.p50Ms, p99Ms: contestant.p99Ms, bytes: contestant.model.length },
      ...{ quality: contestant.quality, what: contestant.what },
    });
    const [, rival] = peers.toSorted(([, a], [, b]) => a.p99Ms - b.p99Ms)[0] ?? [];
    const last = await inTurns(timer, retune.model, rival?.model ?? base.model, thorough);
    const result = {
      ...{ model: options.model, metric: subject.metric, output: subject.output, inputs: subject.inputs },
      base: figures({ ...base, ...control.reference }),
      peers: Object.fromEntries(peers.map(([name, contestant]) => [name, figures(contestant)])),
      retune: figures({ ...retune, ...last.model }),
      ratio: last.model.p99Ms / last.reference.p99Ms,
      medianRatio: last.ratio,
      busy: [control, last].some(({ model }) => model.busy),
    };
    for (const line of [tableHead, row('base', result.base)]) say(line);
    for (const [name, peer] of Object.entries(result.peers)) say(row(name, peer));
    say(row('retune', result.retune));
    return result;
  } finally {
    await rm(folder, { recursive: true });
  }
}
