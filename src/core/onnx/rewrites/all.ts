import { RewriteName } from '../../../api/analysis.ts';
import type { Model } from '../model.ts';
import { inferShapes } from '../shapes/infer.ts';
import { activation } from './activation/activation.ts';
import { depth } from './depth/depth.ts';
import { lowRank } from './low-rank/low-rank.ts';
import { precision } from './precision/precision.ts';
import { pruneChannels } from './prune/prune-channels.ts';
import { pruneHeads } from './prune/prune-heads.ts';
import { pruneNeurons } from './prune/prune-neurons.ts';
import type { Rewrite, Selection } from './rewrite.ts';

/** Every rewrite that a search may choose from, in the order in which they are applied. */
export const rewrites: Partial<Record<RewriteName, Rewrite>> = {
  depth,
  'prune-heads': pruneHeads(),
  'prune-neurons': pruneNeurons(),
  'prune-channels': pruneChannels(),
  'low-rank': lowRank,
  activation,
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
