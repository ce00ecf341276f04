import { activation } from './activation/activation.ts';
import { depth } from './depth/depth.ts';
import { kernel } from './kernel/kernel.ts';
import { lowRank } from './low-rank/low-rank.ts';
import { resolution } from './resolution/resolution.ts';
import type { Rewrite } from './rewrite.ts';
import { separable } from './separable/separable.ts';
import { sparsity } from './sparsity/sparsity.ts';
import { tiling } from './tiling/tiling.ts';

/**
 * The rewrites of a graph's structure that are searched. `sparsity` is among them for engines that have kernels for it:
 * on the others it changes the file alone.
 */
export const graphRewrites: readonly Rewrite[] = [
  ...[activation, depth, kernel, lowRank],
  ...[resolution, separable, sparsity, tiling],
];
