import type { Candidate, Precision } from '../../api/candidate.ts';
import type { Abilities, KernelKind } from '../../api/hardware-profile.ts';
import type { Work } from '../../api/work.ts';
import type { Space } from '../search/space.ts';

/** A choice that an accelerator has no use for, and why. */
export interface Narrowed {
  /** A precision, or the name of a dimension. */
  choice: string;
  reason: string;
}

/** The base model on one accelerator: what it is made of, and how long it takes there. */
export interface BaseRun {
  work: Work;
  p50Ms: number;
}

/** What saves less than this costs quality for nothing: in a model, layers gain less than in a chain of their own. */
const leastGain = 0.08;

const names: Record<KernelKind, string> = {
  Conv: 'convolutions',
  PointwiseConv: '1x1 convolutions',
  DepthwiseConv: 'depthwise convolutions',
  MatMul: 'matrix products',
  VectorMatMul: 'products with one row',
};

interface Part {
  kind: KernelKind;
  ms: number;
}

/** Where the time of the base goes, by the rates of its kinds of layers; the rest is no layer's. */
function partsOf({ work, p50Ms }: BaseRun, { kernels }: Abilities): Part[] {
  const parts = work.parts.flatMap(({ kind, macs }): Part[] => {
    const rate = kernels.find((one) => one.kind === kind && one.precision === 'FP32');
    return rate ? [{ kind: rate.kind, ms: (2 * macs) / rate.gops / 1e6 }] : [];
  });
  // Rates are of single layers in their own caches: in a model they can be a little better, never take longer than all.
  const all = parts.reduce((sum, { ms }) => sum + ms, 0);
  const scale = Math.min(1, p50Ms / Math.max(all, 1e-9));
  return parts.map(({ kind, ms }) => ({ kind, ms: ms * scale }));
}

/**
 * What a GPU saves between the layers of a model that it computes in 16 bits: half of the time that moving FLOATs takes
 * there, as far as that is not the layers' own. Where nothing computes in 16 bits, nothing.
 */
function savedBetween(parts: readonly Part[], { work, p50Ms }: BaseRun, abilities: Abilities): number {
  if (abilities.peakGops.fp16 === undefined) return 0;
  const layersMs = parts.reduce((sum, { ms }) => sum + ms, 0);
  const movingMs = work.bytesMoved / abilities.bandwidthGBps.memory / 1e6;
  return Math.max(0, Math.min(movingMs, p50Ms) - layersMs) / 2;
}

/** What a whole model in a precision should take, as a share of the base; kinds without a kernel stay as they are. */
function expected(precision: Precision, parts: readonly Part[], base: BaseRun, abilities: Abilities) {
  const { kernels } = abilities;
  const changes = parts.map(({ kind, ms }) => {
    const ratio = kernels.find((one) => one.kind === kind && one.precision === precision)?.ratio ?? 1;
    return { kind, ratio, ms: ms * (ratio - 1) };
  });
  const saved = precision === 'FP16' ? savedBetween(parts, base, abilities) : 0;
  const share = 1 + (changes.reduce((sum, { ms }) => sum + ms, 0) - saved) / base.p50Ms;
  return { share, worst: changes.toSorted((a, b) => b.ms - a.ms)[0] };
}

function uselessPrecisions({ precisions }: Space, base: BaseRun, abilities: Abilities): Narrowed[] {
  const parts = partsOf(base, abilities);
  return precisions.flatMap((precision): Narrowed[] => {
    if (precision === 'FP32' || precision === 'Mixed') return [];
    const { share, worst } = expected(precision, parts, base, abilities);
    if (share <= 1 - leastGain) return [];
    const because =
      worst && worst.ratio > 1 ? `: ${names[worst.kind]} take ${worst.ratio.toFixed(2)} times as long` : '';
    return [{ choice: precision, reason: `expected to take ${share.toFixed(2)} times what FP32 takes here${because}` }];
  });
}

/** Channels of the layer that separating is judged by: of the middle of most networks. */
const [typicalChannels, taps] = [128, 9];

/** Whether a depthwise and a 1x1 convolution take longer here than the 3x3 convolution that they stand for. */
function separating({ kernels }: Abilities): Narrowed[] {
  const gops = (kind: KernelKind) => kernels.find((one) => one.kind === kind && one.precision === 'FP32')?.gops;
  const [dense, depthwise, pointwise] = [gops('Conv'), gops('DepthwiseConv'), gops('PointwiseConv')];
  if (!dense || !depthwise || !pointwise) return [];
  const share = (taps / depthwise + typicalChannels / pointwise) / ((taps * typicalChannels) / dense);
  if (share <= 1 - leastGain) return [];
  return [
    {
      choice: 'separable',
      reason: `depthwise and 1x1 convolutions take ${share.toFixed(2)} times the time of the 3x3 ones here`,
    },
  ];
}

const tiling = ({ work }: BaseRun): Narrowed[] =>
  work.fits.l2 === 1 ? [{ choice: 'tiling', reason: 'every operator already fits the L2 cache here' }] : [];

/** What an accelerator's own figures rule out, before anything is searched on it. */
export function uselessChoices(space: Space, base: BaseRun, abilities: Abilities): Narrowed[] {
  const dimensions = new Set(space.dimensions.map(({ name }) => name));
  return [
    ...uselessPrecisions(space, base, abilities),
    ...[...separating(abilities), ...tiling(base)].filter(({ choice }) => dimensions.has(choice)),
  ];
}

/** The space without choices that are useless. */
export function narrowed(space: Space, useless: readonly Narrowed[]): Space {
  const out = new Set(useless.map(({ choice }) => choice));
  return {
    ...space,
    precisions: space.precisions.filter((precision) => !out.has(precision)),
    dimensions: space.dimensions.filter(({ name }) => !out.has(name)),
  };
}

/** Whether a candidate of `space` takes none of the useless choices; a dimension at its largest is not taken. */
export function isOfUse({ precision, dimensions }: Candidate, space: Space, useless: readonly Narrowed[]): boolean {
  const out = new Set(useless.map(({ choice }) => choice));
  const taken = space.dimensions.filter(({ name, choices }) => {
    const largest = Math.max(...choices);
    return (dimensions[name] ?? largest) !== largest;
  });
  return !out.has(precision) && !taken.some(({ name }) => out.has(name));
}
