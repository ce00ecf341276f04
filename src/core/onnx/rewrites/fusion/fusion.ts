import { copy, type Model } from '../../model.ts';
import { type Inference, inferShapes } from '../../shapes/infer.ts';
import { settle } from '../../wiring.ts';
import { changes, needsNothing, type Rewrite, type Selection, type Site } from '../rewrite.ts';
import { attentions } from './attention.ts';
import { separateNormalizations } from './normalization.ts';
import { projections } from './projections.ts';
import { type Finder, View } from './view.ts';

/**
 * Each is one place to choose at: what it does is right for all of a model's layers or for none, shows in a measurement
 * only for all together, and keeps its name whatever layers are gone. In the order in which they are applied; none
 * takes away what a later one needs.
 */
const finders: Readonly<Record<string, Finder>> = {
  attention: attentions,
  projections,
  normalization: separateNormalizations,
};

/** No operator that a fusion makes or needs is there in older operator sets. */
const leastOpset = 11;

function sitesOf(model: Model, inference: Inference): Site[] {
  const view = new View(model, inference);
  if (view.opset < leastOpset) return [];
  const kinds = Object.entries(finders).filter(([, find]) => find(view).length > 0);
  return kinds.map(([id]) => ({ id, choices: [0, 1], identity: 0 }));
}

const chosen = (model: Model, selection: Selection): Set<string> =>
  new Set(changes(sitesOf(model, inferShapes(model)), selection).map(([{ id }]) => id));

/**
 * The same figures by fewer or faster kernels of ONNX Runtime on the CPU, where it does not find them itself: attention
 * as one operator, products that read the same value as one, and sums kept out of its slow SkipLayerNormalization.
 * Exact up to rounding. The layers with weights stay what they are, so that precision can still be chosen for them;
 * merged ones go by the name of the first.
 */
export const fusion: Rewrite = {
  name: 'fusion',
  unit: '0 as it is, 1 by the faster kernels',
  affects: ['kernels', 'activationBytes', 'weightBytes'],
  sites: sitesOf,
  needs: needsNothing((model) => sitesOf(model, inferShapes(model))),
  rewrite(model, selection) {
    const result = copy(model);
    const kinds = chosen(result, selection);
    for (const [kind, find] of Object.entries(finders)) {
      if (!kinds.has(kind)) continue;
      for (const apply of find(new View(result, inferShapes(result)))) apply();
      settle(result.graph);
    }
    return result;
  },
};
