import type { Rewrite } from '../rewrite.ts';
import { type PruneOptions, pruning } from './prune.ts';
import { roundChannels } from './prune-channels.ts';

const multiplies = ({ opType }: { opType?: string }) => opType === 'MatMul' || opType === 'Gemm' || opType === 'Gather';

/** Hidden units between matrices of weights: of feed-forward blocks and their gates, of MLPs, columns of embeddings. */
export const pruneNeurons = (options: PruneOptions = {}): Rewrite =>
  pruning(
    {
      name: 'prune-neurons',
      unit: 'neurons kept',
      takes: ({ producers, consumers, heads }) =>
        !heads && producers.every(multiplies) && consumers.every(({ node }) => multiplies(node)),
      round: roundChannels,
    },
    options,
  );
