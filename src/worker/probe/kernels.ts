import type { Precision } from '../../api/candidate.ts';
import type { KernelKind, KernelRate } from '../../api/hardware-profile.ts';
import { type KernelModel, kernelInput, kernelModels } from '../../core/hardware/kernels.ts';
import { patternModels } from '../../core/hardware/patterns.ts';
import { prepare } from '../../core/onnx/prepare.ts';
import { type Engine, EngineError, type Session, type Tensor } from '../../engines/engine.ts';
import { inPrecision } from '../derive/precision.ts';
import { withSession } from '../session.ts';

/** One layer of a chain in one precision. */
export interface KernelTime {
  name: string;
  kind: KernelKind;
  precision: Precision;
  /** Of a layer, in milliseconds. */
  ms: number;
  macs: number;
  /** Against the same layer in FP32, in turns with it; 1 for FP32 itself. */
  ratio: number;
}

export const precisions: readonly Precision[] = ['INT8Static', 'INT8Dynamic', 'INT4', 'FP16'];
/** Rounds in which both run, and how long one side's turn is. */
const [rounds, turnMs] = [12, 3];

export async function turn(
  session: Session,
  feeds: Record<string, Tensor>,
  runs: number,
  clock: () => number,
): Promise<number> {
  await session.run(feeds);
  const started = clock();
  for (let i = 0; i < runs; i++) await session.run(feeds);
  return (clock() - started) / runs;
}

/** Milliseconds of a run of each at its least disturbed, in turns: a slower clock slows both. */
async function inTurns(a: Session, b: Session, feeds: Record<string, Tensor>, clock: () => number) {
  const [onceA, onceB] = [await turn(a, feeds, 2, clock), await turn(b, feeds, 2, clock)];
  const runs = (once: number) => Math.max(1, Math.round(turnMs / Math.max(once, 1e-3)));
  let [leastA, leastB] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < rounds; round++) {
    leastA = Math.min(leastA, await turn(a, feeds, runs(onceA), clock));
    leastB = Math.min(leastB, await turn(b, feeds, runs(onceB), clock));
  }
  return { a: leastA, b: leastB };
}

async function timesOf(engine: Engine, chain: KernelModel, clock: () => number): Promise<KernelTime[]> {
  const { name, kind, macs, layers, shape } = chain;
  const base = prepare(chain.model);
  const x: Tensor = { type: 'FP32', shape: [...shape], data: kernelInput(chain) };
  const calibration = { rows: shape[0] ?? 1, inputs: { x } };
  return withSession(engine, base, async (fp32) => {
    const times: KernelTime[] = [];
    for (const precision of precisions) {
      const model = await inPrecision({ engine }, base, precision, calibration);
      if (model.graph.node.every(({ opType }, i) => opType === base.graph.node[i]?.opType)) continue;
      try {
        const { a, b } = await withSession(engine, model, (session) => inTurns(fp32, session, { x }, clock));
        if (times.length === 0) times.push({ name, kind, precision: 'FP32', ms: a / layers, macs, ratio: 1 });
        times.push({ name, kind, precision, ms: b / layers, macs, ratio: b / a });
      } catch (error) {
        // No kernel for it here: a precision that is not in the table can't be gained from.
        if (!(error instanceof EngineError)) throw error;
      }
    }
    return times;
  });
}

/** How long the layers of `kernelModels` take in each precision that they can have. `clock` in milliseconds. */
export async function kernelTimes(engine: Engine, clock: () => number): Promise<KernelTime[]> {
  const all: KernelTime[] = [];
  for (const chain of kernelModels()) all.push(...(await timesOf(engine, chain, clock)));
  return all;
}

/** One operator or pattern in FP32. */
export interface PatternTime {
  name: string;
  /** Once, in milliseconds. */
  ms: number;
}

/** How long each of `patternModels` takes. `clock` in milliseconds. */
export async function patternTimes(engine: Engine, clock: () => number): Promise<PatternTime[]> {
  const all: PatternTime[] = [];
  for (const pattern of patternModels()) {
    const x: Tensor = { type: 'FP32', shape: [...pattern.shape], data: kernelInput(pattern) };
    const { a } = await withSession(engine, pattern.model, (session) => inTurns(session, session, { x }, clock));
    all.push({ name: pattern.name, ms: a / pattern.layers });
  }
  return all;
}

/** Operations in a second, in 10^9, of the layer that comes to most. */
export function peakOf(times: readonly KernelTime[], precisions: readonly Precision[]): number {
  const rates = times.filter(({ precision }) => precisions.includes(precision)).map(({ macs, ms }) => (2 * macs) / ms);
  return Math.max(0, ...rates) / 1e6;
}

const geometricMean = (values: readonly number[]) =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/** Each kind in each precision: geometric means over the sizes. */
export function ratesOf(times: readonly KernelTime[]): KernelRate[] {
  const groups = new Map<string, KernelTime[]>();
  for (const time of times) {
    const key = `${time.kind} ${time.precision}`;
    groups.set(key, [...(groups.get(key) ?? []), time]);
  }
  return [...groups.values()].map((group): KernelRate => {
    const { kind, precision } = group[0] as KernelTime;
    const gops = geometricMean(group.map(({ macs, ms }) => (2 * macs) / ms / 1e6));
    return { kind, precision, ratio: geometricMean(group.map(({ ratio }) => ratio)), gops };
  });
}
