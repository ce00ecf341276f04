import { liveEdges } from '../tables/cell.ts';

/** Of a cell of NAS-Bench-201; the first operator is none. */
const [edges, kinds] = [6, 5];

/** One-hot of the live operators by edge, grouped by operator; the last feature: no edge is live. */
export const liveGroups: readonly string[] = [
  ...Array.from({ length: edges * (kinds - 1) }, (_, at) => `live ${(at % (kinds - 1)) + 1}`),
  'dead',
];

export function liveFeatures(operators: readonly number[]): number[] {
  const live = liveEdges(operators);
  const hot = operators.flatMap((operator, edge) =>
    Array.from({ length: kinds - 1 }, (_, kind) => (live[edge] && operator === kind + 1 ? 1 : 0)),
  );
  return [...hot, live.includes(true) ? 0 : 1];
}
