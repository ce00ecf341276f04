import { pickCandidates } from '../../../src/core/hardware/predictor/candidates.ts';
import { type Experience, fit, learn } from '../../../src/core/hardware/predictor/predictor.ts';
import { whichToMeasure } from '../../../src/core/hardware/predictor/which-to-measure.ts';
import { type Table, table } from '../../../src/core/linear-algebra/table.ts';
import { median } from '../../../src/core/statistics/quantile.ts';
import { studentQuantile } from '../../../src/core/statistics/ratio-of-sums.ts';
import { featuresOf, oneHot } from './features.ts';
import { medianScore, type Score, score } from './judge.ts';
import { familyOf, type LatencyTable } from './latency-table.ts';
import { ridge } from './ridge.ts';

export const peers = ["ridge on other families' tables", 'ridge on one-hot operators'] as const;

export interface DeviceFigures extends Score {
  /** The share of what was not measured that lies in its 90% interval, in the mean over seeds. */
  coverage90: number;
  /** How much sums of milliseconds counted against products of shares. */
  additiveShare: number;
  sources: number;
  /** Processor time to learn from the sources, and to fit and predict all rows. */
  learnSeconds: number;
  fitSeconds: number;
  peers: Record<(typeof peers)[number], Score>;
}

/** z of the normal 95% quantile: 5% lie above and 5% below. */
const z90 = 1.6449;

/** Of processor time: neighbours don't count. */
const secondsSince = (start: NodeJS.CpuUsage) => process.cpuUsage(start).user / 1e6;

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Ridge takes no gaps: standardised logs of the sources, 0 where there is none. */
function standardisedLogs({ rows, columns, values }: Table): Table {
  const result = table(rows, columns);
  for (let j = 0; j < columns; j++) {
    const logs = Array.from({ length: rows }, (_, i) => Math.log(values[i * columns + j] as number));
    const known = logs.filter((log) => !Number.isNaN(log));
    const mean = known.reduce((sum, log) => sum + log, 0) / known.length;
    const sd = Math.sqrt(known.reduce((sum, log) => sum + (log - mean) ** 2, 0) / known.length) || 1;
    logs.forEach((log, i) => {
      result.values[i * columns + j] = Number.isNaN(log) ? 0 : (log - mean) / sd;
    });
  }
  return result;
}

/** The step of the clock, by what was read from it. */
const resolutionOf = (ms: Float64Array) => (ms.every(Number.isInteger) ? 1 : 0);

interface Run {
  ours: Score;
  coverage90: number;
  additiveShare: number;
  fitSeconds: number;
  peers: Score[];
}

/** Predicts one device from `samples` measurements of it and all devices but `excluded`, once a seed. */
export function judgeDevice(
  { ops, devices, ms }: LatencyTable,
  { device, excluded, samples, seeds }: { device: string; excluded: readonly string[]; samples: number; seeds: number },
): DeviceFigures {
  const target = ms[devices.indexOf(device)] as Float64Array;
  const known = Array.from(ops.keys()).filter((i) => !Number.isNaN(target[i]));
  const used = devices.filter((name) => name !== device && !excluded.includes(name));
  const columns = used.map((name) => ms[devices.indexOf(name)] as Float64Array);
  const { features, groups } = featuresOf(ops);
  const all = { features, sources: table(ops.length, used.length) };
  columns.forEach((column, j) => {
    column.forEach((value, i) => {
      all.sources.values[i * used.length + j] = value;
    });
  });
  const candidates = pickCandidates(all, known);
  const truth = Float64Array.from(known, (i) => target[i] as number);
  const views = [standardisedLogs(candidates.sources), oneHot(known.map((i) => ops[i] as string)).features];
  const started = process.cpuUsage();
  const experience = learn(candidates, { groups, families: used.map(familyOf) });
  const learnSeconds = secondsSince(started);
  const runs = Array.from({ length: seeds }, (_, seed) =>
    runOnce(experience, candidates, truth, views, samples, seed + 1),
  );
  const [first, second] = peers.map((_, peer) => medianScore(runs.map((run) => run.peers[peer] as Score)));
  return {
    ...medianScore(runs.map((run) => run.ours)),
    coverage90: mean(runs.map((run) => run.coverage90)),
    additiveShare: median(runs.map((run) => run.additiveShare)),
    ...{ sources: used.length, learnSeconds, fitSeconds: median(runs.map((run) => run.fitSeconds)) },
    peers: { [peers[0]]: first as Score, [peers[1]]: second as Score } as DeviceFigures['peers'],
  };
}

function runOnce(
  experience: Experience,
  candidates: Parameters<typeof learn>[0],
  truth: Float64Array,
  views: readonly Table[],
  samples: number,
  seed: number,
): Run {
  const picked = whichToMeasure(experience, candidates, samples, seed);
  const measuredMs = Float64Array.from(picked, (i) => truth[i] as number);
  const started = process.cpuUsage();
  const predictor = fit(experience, {
    candidates: pickCandidates(candidates, picked),
    ms: measuredMs,
    resolutionMs: resolutionOf(measuredMs),
  });
  const { meanLog, sdLog } = predictor.predict(candidates);
  const fitSeconds = secondsSince(started);
  const measured = new Set(picked);
  const judged = Array.from(truth.keys()).filter((i) => !measured.has(i));
  const t = studentQuantile(predictor.freedom, z90);
  const inside = judged.filter(
    (i) => Math.abs(Math.log(truth[i] as number) - (meanLog[i] as number)) <= t * (sdLog[i] as number),
  );
  return {
    ours: score(meanLog, truth, judged),
    ...{ coverage90: inside.length / judged.length, additiveShare: predictor.additiveShare, fitSeconds },
    peers: views.map((view) => score(ridge(view, picked, measuredMs.map(Math.log)), truth, judged)),
  };
}
