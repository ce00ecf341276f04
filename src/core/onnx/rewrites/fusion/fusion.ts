import { copy, type Model } from '../../model.ts';
import { type Inference, inferShapes } from '../../shapes/infer.ts';
import { settle } from '../../wiring.ts';
import { changes, type Rewrite, type Selection, type Site } from '../rewrite.ts';
import { attentions } from './attention.ts';
import { separateNormalizations } from './normalization.ts';
import { projections } from './projections.ts';
import { type Finder, View } from './view.ts';

/** In the order in which they are applied; none takes away what a later one needs. */
const finders: readonly Finder[] = [attentions, projections, separateNormalizations];

/** No operator that a fusion makes or needs is there in older operator sets. */
const leastOpset = 11;

const found = (model: Model, inference: Inference) => {
  const view = new View(model, inference);
  return view.opset < leastOpset ? [] : finders.flatMap((find) => find(view));
};

const sitesOf = (model: Model, inference: Inference): Site[] =>
  found(model, inference).map(({ id }) => ({ id, choices: [0, 1], identity: 0 }));

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
  needs(model, selection) {
    chosen(model, selection);
    return [];
  },
  rewrite(model, selection) {
    const result = copy(model);
    const ids = chosen(result, selection);
    if (ids.size === 0) return result;
    for (const find of finders) {
      const wanted = find(new View(result, inferShapes(result))).filter(({ id }) => ids.has(id));
      for (const { apply } of wanted) apply();
      settle(result.graph);
    }
    return result;
  },
};
