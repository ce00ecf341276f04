import type { Rewrite } from '../rewrite.ts';
import { type PruneOptions, pruning } from './prune.ts';

/** Attention heads: their columns of the query, key and value projections and their rows of the output projection. */
export const pruneHeads = (options: PruneOptions = {}): Rewrite =>
  pruning({ name: 'prune-heads', unit: 'heads kept', takes: ({ heads }) => heads, round: () => 1 }, options);
