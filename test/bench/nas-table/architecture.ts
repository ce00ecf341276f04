import { type Features, featuresOf } from '../../../src/core/search/surrogate/features.ts';
import { cellFeatures, expression, isCell } from '../tables/cell.ts';

/** Every operator that occurs, in order. */
export const alphabet = (all: readonly string[]): string[] => [...new Set(all.join(''))].sort();

const oneHot = (ops: string, operators: readonly string[]) =>
  [...ops].flatMap((one) => operators.map((other) => Number(other === one)));

const counts = (ops: string, operators: readonly string[]) =>
  operators.map((one) => [...ops].filter((other) => other === one).length);

/** What the surrogate sees of architectures: of cells their graphs, of others which operator is where, and how often. */
export function architectureFeatures(all: readonly string[]): Features {
  if (all.every(isCell)) {
    const cells = all.map(cellFeatures);
    const groups = (['counts', 'graph', 'paths'] as const).map((name) => ({
      standardise: true,
      rows: cells.map((cell) => cell[name]),
    }));
    return featuresOf(groups, all.map(expression));
  }
  const operators = alphabet(all);
  return featuresOf([
    { rows: all.map((ops) => oneHot(ops, operators)) },
    { rows: all.map((ops) => counts(ops, operators)), standardise: true },
  ]);
}
