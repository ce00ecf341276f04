import type { Model } from '../../model.ts';
import { dims } from '../../tensors.ts';

/**
 * The constants that a graph brings back to FLOAT each time it runs, in a model as the engine has optimised it: weights
 * that no kernel takes as integers, which makes a layer 20 to 40 times slower than its fused kernel. Scalars don't count.
 */
export function leftovers({ graph }: Model): string[] {
  const constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  return graph.node.flatMap(({ opType, input }) => {
    const constant = opType === 'DequantizeLinear' || opType === 'Cast' ? constants.get(input[0] ?? '') : undefined;
    return constant && dims(constant).some((size) => size > 1) ? [constant.name] : [];
  });
}
