import { RewriteName } from '../../../api/analysis.ts';
import type { Model } from '../model.ts';
import { inferShapes } from '../shapes/infer.ts';
import { activation } from './activation/activation.ts';
import { depth } from './depth/depth.ts';
import { fusion } from './fusion/fusion.ts';
import { kernel } from './kernel/kernel.ts';
import { lowRank } from './low-rank/low-rank.ts';
import { precision } from './precision/precision.ts';
import { pruneChannels } from './prune/prune-channels.ts';
import { pruneHeads } from './prune/prune-heads.ts';
import { pruneNeurons } from './prune/prune-neurons.ts';
import { resolution } from './resolution/resolution.ts';
import type { Rewrite, Selection } from './rewrite.ts';
import { separable } from './separable/separable.ts';
import { tiling } from './tiling/tiling.ts';

/**
 * Every rewrite that a search may choose from, in the order in which they are applied. Sparsity is not among them: no
 * engine here has kernels that it makes faster.
 */
export const rewrites: Partial<Record<RewriteName, Rewrite>> = {
  depth,
  'prune-heads': pruneHeads(),
  'prune-neurons': pruneNeurons(),
  'prune-channels': pruneChannels(),
  separable,
  kernel,
  'low-rank': lowRank,
  activation,
  resolution,
  fusion,
  tiling,
  precision: precision(),
};

export const inOrder = (names: readonly RewriteName[]): Rewrite[] =>
  RewriteName.options.flatMap((name) => (names.includes(name) ? (rewrites[name] ?? []) : []));

/**
 * A selection made for the base model, for a model that other rewrites have changed meanwhile: places that are gone are
 * left out, and of the choices still offered the nearest below is taken, else the least.
 */
export function fitted(rewrite: Rewrite, model: Model, selection: Selection): Selection {
  const sites = rewrite.sites(model, inferShapes(model));
  const entries = sites.flatMap(({ id, choices }): [string, number][] => {
    const wanted = selection[id];
    if (wanted === undefined) return [];
    return [[id, choices.findLast((choice) => choice <= wanted) ?? choices[0] ?? wanted]];
  });
  return Object.fromEntries(entries);
}
