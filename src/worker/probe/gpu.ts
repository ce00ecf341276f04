import type { Precision } from '../../api/candidate.ts';
import type { Abilities } from '../../api/hardware-profile.ts';
import { gpuKernelChains, gpuTriads, type KernelChain } from '../../core/hardware/gpu-kernels.ts';
import { type KernelModel, kernelInput } from '../../core/hardware/kernels.ts';
import type { Model } from '../../core/onnx/model.ts';
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

/** Layers of the two chains that are compared: a call, its copies and its launch cost the same for both. */
const [short, long] = [3, 9];

/** What a layer adds; where noise says nothing or less, its share of the whole, which is too much. */
const layerMs = (shortMs: number, longMs: number) =>
  longMs > shortMs ? (longMs - shortMs) / (long - short) : longMs / long;

async function timesOf(engine: Engine, chain: KernelChain, clock: () => number): Promise<KernelTime[]> {
  const described = chain(short);
  const { name, kind, macs } = described;
  const feeds = { x: inputOf(described) };
  const [few, many] = [prepare(described.model), prepare(chain(long).model)];
  const written = (model: Model, precision: Precision) =>
    inPrecision({ engine }, model, precision, { rows: 1, inputs: feeds });
  const times: KernelTime[] = [];
  await withSession(engine, few, (fewFp32) =>
    withSession(engine, many, async (manyFp32) => {
      for (const precision of precisions) {
        const shorter = await written(few, precision);
        if (shorter.graph.node.every(({ opType }, i) => opType === few.graph.node[i]?.opType)) continue;
        try {
          const longer = await written(many, precision);
          const [a = 0, b = 0, c = 0, d = 0] = await withSession(engine, shorter, (fewOther) =>
            withSession(engine, longer, (manyOther) => leastOf([fewFp32, manyFp32, fewOther, manyOther], feeds, clock)),
          );
          const [fp32, other] = [layerMs(a, b), layerMs(c, d)];
          if (times.length === 0) times.push({ name, kind, precision: 'FP32', ms: fp32, macs, ratio: 1 });
          times.push({ name, kind, precision, ms: other, macs, ratio: other / fp32 });
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
  chains: readonly KernelChain[] = gpuKernelChains,
): Promise<KernelTime[]> {
  const all: KernelTime[] = [];
  for (const chain of chains) all.push(...(await timesOf(engine, chain, clock)));
  return all;
}

/** Additions in each of two chains. */
const additions = { few: 2, many: 8 };

/** The bandwidth of a GPU's memory, by what more additions of large tensors add. `clock` in milliseconds. */
export async function gpuBandwidth(engine: Engine, clock: () => number): Promise<Abilities['bandwidthGBps']> {
  const { model, shape, bytes } = gpuTriads(additions.few);
  const x: Tensor = { type: 'FP32', shape, data: kernelInput({ shape }) };
  const [fewMs = 0, manyMs = 0] = await withSession(engine, model, (a) =>
    withSession(engine, gpuTriads(additions.many).model, (b) => leastOf([a, b], { x }, clock)),
  );
  return { memory: ((additions.many - additions.few) * bytes) / Math.max(manyMs - fewMs, 1e-6) / 1e6 };
}
