/** A cell of NAS-Bench-201 (Dong and Yang, ICLR 2020): four nodes, six edges, each with one of five operators. */

/** What the digits stand for; latency of a cut-off edge is that of none where the engine prunes the graph. */
const [none, kinds] = [0, 5];
/** From and to which node each digit's edge goes. */
const edges = [
  [0, 1],
  [0, 2],
  [1, 2],
  [0, 3],
  [1, 3],
  [2, 3],
] as const;

export const isCell = (ops: readonly string[]): boolean => ops.every((each) => /^[0-4]{6}$/.test(each));

/** The edges on a way from input to output on which nothing is `none`. */
export function liveEdges(operators: readonly number[]): boolean[] {
  const [reached, leads] = [
    [true, false, false, false],
    [false, false, false, true],
  ];
  const passes = (edge: number) => operators[edge] !== none;
  for (const node of [1, 2, 3])
    reached[node] = edges.some(([from, to], edge) => to === node && reached[from] && passes(edge));
  for (const node of [2, 1, 0])
    leads[node] = edges.some(([from, to], edge) => from === node && leads[to] && passes(edge));
  return edges.map(([from, to], edge) => passes(edge) && reached[from] === true && leads[to] === true);
}

/** One-hot of the live operators by edge, grouped by operator; the last feature: no edge is live. */
export const liveGroups: readonly string[] = [
  ...edges.flatMap(() => Array.from({ length: kinds - 1 }, (_, kind) => `live ${kind + 1}`)),
  'dead',
];

export function liveFeatures(operators: readonly number[]): number[] {
  const live = liveEdges(operators);
  const hot = operators.flatMap((operator, edge) =>
    Array.from({ length: kinds - 1 }, (_, kind) => (live[edge] && operator === kind + 1 ? 1 : 0)),
  );
  return [...hot, live.includes(true) ? 0 : 1];
}
