import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeriveTask } from '../../api/task.ts';
import type { Quality, QualityMetric } from '../../api/variant.ts';
import { dropHigh, perfect } from '../../core/quality/drop.ts';
import { estimate, fewestRows } from '../../core/quality/estimate.ts';
import { traits } from '../../core/quality/metric.ts';
import type { Scores } from '../../core/quality/scores.ts';
import type { Engine, Session } from '../../engines/engine.ts';
import type { ArtifactStore } from '../../stores/store.ts';
import type { Dataset } from '../dataset.ts';
import { WorkerError } from '../failure.ts';
import { withSession } from '../session.ts';
import { batches } from './batches.ts';
import { runCommand } from './command.ts';
import { type MeteredMetric, meterOf } from './meters.ts';
import { judgedOutput, rowsOf } from './output.ts';
import { outputsToRecord, recordedScores, recordOf } from './record.ts';

export interface JudgeDeps {
  store: ArtifactStore;
  engine: Engine;
}

/** A variant that is stored, and what it is judged on. */
export interface Subject {
  model: Uint8Array;
  digest: string;
  heldout: Dataset;
  /** The base model's bytes, where the task names no base variant. */
  base(): Uint8Array;
}

export interface Judgement {
  quality: Quality;
  /** Digest of the record: outputs of the first rows, and the scores of all. */
  outputs: string;
}

type How = Pick<
  DeriveTask,
  'metric' | 'output' | 'command' | 'higherIsBetter' | 'commandLimitMs' | 'baseline' | 'heldout'
>;

const defaultLimitMs = 240_000;

/** Scores every row of the variant; the base model, if given, runs on the same rows beside it, batch by batch. */
export async function scoresOf(
  metric: MeteredMetric,
  wanted: string | undefined,
  data: Dataset,
  variant: Session,
  base?: Session,
): Promise<Scores> {
  const meter = meterOf(metric, data);
  const sessions = base ? [variant, base] : [variant];
  const names = sessions.map((session) => judgedOutput(session, wanted));
  for await (const each of batches(sessions, data)) {
    const [rows, beside] = each.map((one, i) => rowsOf(one, names[i] ?? ''));
    if (rows) meter.take(rows, beside);
  }
  return meter.scores();
}

/** The number of rows that say anything must allow an interval, and every figure must be one. */
function checked(metric: QualityMetric, judged: ReturnType<typeof estimate>): ReturnType<typeof estimate> {
  if (judged.samples < fewestRows(metric)) {
    throw new WorkerError(
      'DataInvalid',
      `${metric} needs at least ${fewestRows(metric)} ${metric === 'Spearman' ? 'pairs' : 'rows that count'} for an interval and the data set has ${judged.samples}`,
    );
  }
  const { value, low, high } = judged;
  if ([value, low, high].every(Number.isFinite)) return judged;
  throw new WorkerError(
    'ModelInvalid',
    `${metric} comes to ${value} (${low} to ${high}): the judged output holds values that are not finite, or never vary`,
  );
}

async function commandQuality({ store }: JudgeDeps, how: How, { model, digest }: Subject) {
  const { command = [], commandLimitMs: limitMs = defaultLimitMs } = how;
  const data = fileURLToPath(how.heldout.uri);
  const uri = store.uri(digest);
  if (uri.startsWith('file://')) return runCommand({ command, model: fileURLToPath(uri), data, limitMs });
  const folder = await mkdtemp(join(tmpdir(), 'retune-judge-'));
  try {
    const file = join(folder, 'model.onnx');
    await writeFile(file, model);
    return await runCommand({ command, model: file, data, limitMs });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * Judges a stored variant on the held-out rows by the metric asked for, with its 95% interval and, where the base
 * variant's rows are known, how large the drop against it can be; records the outputs of its first rows. Outputs are
 * reduced batch by batch and never held. Throws WorkerError or EngineError.
 */
export async function judge(deps: JudgeDeps, how: How, subject: Subject): Promise<Judgement> {
  const { engine, store } = deps;
  const { metric, output, baseline, higherIsBetter } = how;
  const { model, heldout } = subject;
  return withSession(engine, model, async (variant) => {
    const outputs = await outputsToRecord(variant, heldout, judgedOutput(variant, output));
    if (metric === 'Command') {
      const quality = { metric, higherIsBetter, ...(await commandQuality(deps, how, subject)) };
      return { quality, outputs: await store.put(recordOf(outputs, undefined)) };
    }
    const score = (base?: Session) => scoresOf(metric, output, heldout, variant, base);
    const scores = traits[metric].compares
      ? await withSession(engine, baseline ? await store.get(baseline.digest) : subject.base(), score)
      : await score();
    const recorded = baseline?.outputs ? await recordedScores(store, baseline.outputs) : undefined;
    const before = baseline && (traits[metric].compares ? perfect(scores) : recorded);
    const drop = before && dropHigh(metric, scores, before);
    const quality = {
      metric,
      ...checked(metric, estimate(metric, scores)),
      ...(drop !== undefined && { dropHigh: drop }),
    };
    return { quality, outputs: await store.put(recordOf(outputs, scores)) };
  });
}
