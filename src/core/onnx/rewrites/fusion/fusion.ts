import { copy, type Model } from '../../model.ts';
import { type Inference, inferShapes } from '../../shapes/infer.ts';
import { settle } from '../../wiring.ts';
import { changes, type Rewrite, type Selection, type Site } from '../rewrite.ts';
import { attentions } from './attention.ts';
import { projections } from './projections.ts';
import { skipNormalizations } from './skip-normalization.ts';
import { type Finder, View } from './view.ts';

/** In the order in which they are applied; none takes away what a later one needs. */
const finders: readonly Finder[] = [attentions, projections, skipNormalizations];

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
 * What ONNX Runtime has one kernel for on the CPU and does not fuse by itself: attention, products that read the same
 * value, additions before a LayerNormalization. Exact up to rounding. The layers with weights stay what they are, so
 * that precision can still be chosen for them; merged ones go by the name of the first.
 */
export const fusion: Rewrite = {
  name: 'fusion',
  unit: '0 as it is, 1 fused',
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
