import type { Precision } from '../../api/candidate.ts';
import type { Abilities } from '../../api/hardware-profile.ts';
import {
  gpuKernelPairs,
  gpuTriads,
  type KernelModel,
  type KernelPair,
  kernelInput,
} from '../../core/hardware/kernels.ts';
import { prepare } from '../../core/onnx/prepare.ts';
import { type Engine, EngineError, type Session, type Tensor } from '../../engines/engine.ts';
import { inPrecision } from '../derive/precision.ts';
import { withSession } from '../session.ts';
import { type KernelTime, precisions, turn } from './kernels.ts';

/** What is so many times slower is no choice, however exactly that is known. */
const [hopeless, roundsForHopeless, rounds, turnMs] = [4, 2, 12, 6];

/** A run of each session at its least disturbed, in milliseconds; they take turns, for a slower clock slows all. */
async function leastOf(sessions: readonly Session[], feeds: Record<string, Tensor>, clock: () => number) {
  const once: number[] = [];
  for (const session of sessions) once.push(await turn(session, feeds, 2, clock));
  const least = once.map(() => Number.POSITIVE_INFINITY);
  const isHopeless = Math.max(...once) > hopeless * 6 * Math.min(...once);
  for (let round = 0; round < (isHopeless ? roundsForHopeless : rounds); round++) {
    for (const [i, session] of sessions.entries()) {
      const runs = Math.max(1, Math.round(turnMs / Math.max(once[i] ?? 1, 1e-3)));
      least[i] = Math.min(least[i] ?? 0, await turn(session, feeds, runs, clock));
    }
  }
  return least;
}

const inputOf = (chain: KernelModel): Tensor => ({ type: 'FP32', shape: [...chain.shape], data: kernelInput(chain) });

/** What a layer adds; where noise says nothing or less, its share of the whole, which is too much. */
const layerMs = ({ short, long }: KernelPair, shortMs: number, longMs: number) =>
  longMs > shortMs ? (longMs - shortMs) / (long.layers - short.layers) : longMs / long.layers;

async function timesOf(engine: Engine, pair: KernelPair, clock: () => number): Promise<KernelTime[]> {
  const { name, kind, macs } = pair.long;
  const feeds = { x: inputOf(pair.long) };
  const calibration = { rows: 1, inputs: feeds };
  const [short, long] = [prepare(pair.short.model), prepare(pair.long.model)];
  const times: KernelTime[] = [];
  const time = (precision: Precision, ms: number, ratio: number) =>
    times.push({ name, kind, precision, ms, macs, ratio });
  await withSession(engine, short, (shortSession) =>
    withSession(engine, long, async (longSession) => {
      for (const precision of precisions) {
        const shortened = await inPrecision({ engine }, short, precision, calibration);
        if (shortened.graph.node.every(({ opType }, i) => opType === short.graph.node[i]?.opType)) continue;
        try {
          const lengthened = await inPrecision({ engine }, long, precision, calibration);
          const [shortMs = 0, longMs = 0, otherShortMs = 0, otherLongMs = 0] = await withSession(
            engine,
            shortened,
            (a) => withSession(engine, lengthened, (b) => leastOf([shortSession, longSession, a, b], feeds, clock)),
          );
          const [fp32, other] = [layerMs(pair, shortMs, longMs), layerMs(pair, otherShortMs, otherLongMs)];
          if (times.length === 0) time('FP32', fp32, 1);
          time(precision, other, other / fp32);
        } catch (error) {
          // No kernel for it here: a precision that is not in the table can't be gained from.
          if (!(error instanceof EngineError)) throw error;
        }
      }
    }),
  );
  return times;
}

/**
 * How long layers take on a GPU in each precision that they can have, without what a call costs: copies, launches and the
 * wait for the last. `clock` in milliseconds.
 */
export async function gpuKernelTimes(
  engine: Engine,
  clock: () => number,
  pairs = gpuKernelPairs(),
): Promise<KernelTime[]> {
  const all: KernelTime[] = [];
  for (const pair of pairs) all.push(...(await timesOf(engine, pair, clock)));
  return all;
}

/** Additions in each of two chains. */
const [few, many] = [2, 8];

/** The bandwidth of a GPU's memory, by what more additions of large tensors add. `clock` in milliseconds. */
export async function gpuBandwidth(engine: Engine, clock: () => number): Promise<Abilities['bandwidthGBps']> {
  const { model, shape, bytes } = gpuTriads(few);
  const x: Tensor = { type: 'FP32', shape, data: kernelInput({ shape }) };
  const [fewMs = 0, manyMs = 0] = await withSession(engine, model, (a) =>
    withSession(engine, gpuTriads(many).model, (b) => leastOf([a, b], { x }, clock)),
  );
  return { memory: ((many - few) * bytes) / Math.max(manyMs - fewMs, 1e-6) / 1e6 };
}
