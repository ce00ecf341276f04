import { pickColumns, type Residuals } from '../../../linear-algebra/column-subset.ts';
import type { Dependencies, Group, Unit } from '../../dependency/dependencies.ts';
import type { Consumer } from '../../dependency/operation.ts';
import type { Model } from '../../model.ts';
import type { Observations } from '../../observe/observations.ts';
import type { Inference } from '../../shapes/infer.ts';
import { byWeights, isCentred } from './repair.ts';
import { statisticsOf } from './statistics.ts';
import { energy, mixingWeights, outerOf } from './weights.ts';

/** Of one consumer's input, block by block: how its entries vary, in units of what the weights make of them. */
function residualsOf(
  model: Model,
  inference: Inference,
  { unitsOf }: Dependencies,
  items: ReadonlyMap<Unit, number>,
  consumers: readonly Consumer[],
  observed: Observations,
): Residuals[] {
  const [first] = consumers;
  const units = first && unitsOf(first.input, first.axis);
  if (!first || !units) return [];
  const weights = mixingWeights(model.graph, first);
  const statistics = statisticsOf(inference, consumers, observed, isCentred(model, consumers, weights));
  const { size } = weights;
  return Array.from({ length: first.blocks }, (_, block) => {
    const rows = outerOf(weights, first.blocks, block);
    const scales = Float64Array.from({ length: size }, (_, i) => Math.sqrt(energy(weights, rows, i)));
    const at = (i: number, j: number) => {
      const all = statistics?.size ?? 0;
      const second = statistics ? (statistics.second[(block * size + i) * all + block * size + j] as number) : 1;
      return (scales[i] as number) * (scales[j] as number) * second;
    };
    const matrix =
      statistics && Float64Array.from({ length: size * size }, (_, k) => at(Math.floor(k / size), k % size));
    return {
      size,
      matrix,
      diagonal: Float64Array.from({ length: size }, (_, i) => at(i, i)),
      items: Int32Array.from({ length: size }, (_, i) => items.get(units[block * size + i] ?? -1) ?? -1),
    };
  });
}

/**
 * The units of a group to cut so that `count` stay: those that least squares explains best from the others, weighted by
 * what the weights that read them make of them, and added up over all weights that do.
 */
export function unitsToCut(
  model: Model,
  inference: Inference,
  dependencies: Dependencies,
  group: Group,
  count: number,
  observed: Observations,
): Unit[] {
  const items = new Map(group.units.map((unit, index) => [unit, index]));
  const residuals = byWeights(model, group.consumers).flatMap((consumers) =>
    residualsOf(model, inference, dependencies, items, consumers, observed),
  );
  const picked = new Set(pickColumns(residuals, group.units.length, count));
  return group.units.filter((_, index) => !picked.has(index));
}
