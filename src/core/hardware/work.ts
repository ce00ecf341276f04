import type { HardwareFacts } from '../../api/hardware-profile.ts';
import type { Work } from '../../api/work.ts';
import { modelCost } from '../onnx/cost/cost.ts';
import type { Model } from '../onnx/model.ts';
import { partsOf } from './composition.ts';

/**
 * What one run of a model is made of; `dims` binds the sizes that its inputs leave open, others count as 1. Throws
 * ModelError like modelCost.
 */
export function workOf(model: Model, dims: Record<string, number>, caches: HardwareFacts['cacheBytes']): Work {
  const cost = modelCost(model, { dims });
  const running = cost.nodes.filter(({ folded, workingSetBytes }) => !folded && workingSetBytes > 0);
  const share = (bytes: number | undefined) =>
    bytes === undefined || running.length === 0
      ? undefined
      : running.filter(({ workingSetBytes }) => workingSetBytes <= bytes).length / running.length;
  return {
    ...{ macs: cost.macs, bytesMoved: cost.bytesRead + cost.bytesWritten, weightBytes: cost.weightBytes },
    peakActivationBytes: cost.peakActivationBytes,
    parts: partsOf(cost.nodes, model, cost.inference.values),
    fits: { l1: share(caches.l1d), l2: share(caches.l2), l3: share(caches.l3) },
  };
}
