import type { Rewrite } from '../rewrite.ts';
import { type PruneOptions, pruning } from './prune.ts';

const convolves = ({ opType }: { opType?: string }) => opType === 'Conv' || opType === 'ConvTranspose';

/** Kernels work in vectors of 8 or 16 floats; where there are many channels, fewer choices do. */
export const roundChannels = (channels: number): number => {
  if (channels >= 512) return 64;
  if (channels >= 256) return 32;
  return channels >= 128 ? 16 : 8;
};

/** Channels of convolutions, with all that goes with them: BatchNorms, depthwise convolutions, residual branches. */
export const pruneChannels = (options: PruneOptions = {}): Rewrite =>
  pruning(
    {
      name: 'prune-channels',
      unit: 'channels kept, of each group where a Conv has groups',
      takes: ({ producers, consumers, heads }) =>
        !heads && (producers.some(convolves) || consumers.some(({ node }) => convolves(node))),
      round: roundChannels,
    },
    options,
  );
