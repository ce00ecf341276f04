import { foldBatchNorms } from '../../batch-norm.ts';
import { copy, type Model, type NodeProto } from '../../model.ts';
import { settle, Wiring } from '../../wiring.ts';
import { foldChannelArithmetic } from './channel-arithmetic.ts';
import { mergeInitializers, mergeNodes } from './duplicates.ts';
import { fixShapes } from './fixed-shapes.ts';
import { foldConstants } from './fold-constants.ts';
import { removeIdentities } from './identities.ts';

/** Each pass can make room for another; a graph that still changes after these many is left as it is then. */
const mostRounds = 20;

/**
 * An initializer that is also an input of the graph is a default, which nobody who serves a model replaces: it becomes a
 * constant, so that weights of files older than IR 4 are weights here too.
 */
function withoutDefaults(model: Model): void {
  const { graph } = model;
  const initial = new Set(graph.initializer.map(({ name }) => name));
  if (!graph.input.some(({ name = '' }) => initial.has(name))) return;
  graph.input = graph.input.filter(({ name = '' }) => !initial.has(name));
  if ((model.irVersion ?? 0n) < 4n) model.irVersion = 4n;
}

/** Outputs that may be left out where nobody reads them: statistics, masks, places of maxima. */
const optionalOutputs = new Set(['Dropout', 'MaxPool', 'LayerNormalization', 'SkipLayerNormalization']);

function dropOutputs({ graph }: Model): void {
  const wiring = new Wiring(graph);
  const unread = (node: NodeProto, name: string | undefined) =>
    node.output.length > 1 && wiring.readers(name).length === 0 && !wiring.isOutput(name);
  for (const node of graph.node) {
    if (!optionalOutputs.has(node.opType ?? '')) continue;
    while (unread(node, node.output.at(-1))) node.output.pop();
  }
}

/**
 * The model without what it does for nothing: constants folded, identities and everything that no output depends on
 * taken out, equal initializers and equal nodes merged. BatchNormalization stays, so that its statistics can be
 * measured anew. What is computed stays the same up to the rounding of single operations. Throws ModelError like
 * inferShapes.
 */
export function tidy(model: Model): Model {
  const result = copy(model);
  withoutDefaults(result);
  const passes = [foldConstants, fixShapes, removeIdentities, foldChannelArithmetic, mergeInitializers, mergeNodes];
  for (let round = 0; round < mostRounds; round++) {
    settle(result.graph);
    if (!passes.map((pass) => pass(result)).includes(true)) break;
  }
  dropOutputs(result);
  settle(result.graph);
  return result;
}

/** `tidy`, and each BatchNormalization folded into a neighbour where it can be. Applied to its result, it changes nothing. */
export const cleanUp = (model: Model): Model => tidy(foldBatchNorms(tidy(model)));
