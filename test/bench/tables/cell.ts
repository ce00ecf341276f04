/**
 * Cells of NAS-Bench-201 (Dong and Yang 2020): four nodes, of which the first is the input and the last the output; an
 * operator on each edge, in the order 0→1, 0→2, 1→2, 0→3, 1→3, 2→3. What the operators compute depends on the paths.
 */
const [none, skip, conv1x1, conv3x3, pool] = [0, 1, 2, 3, 4];
const operators = [none, skip, conv1x1, conv3x3, pool];
const edgesInto = [[], [[0, 0]], [[0, 1], [1, 2]], [[0, 3], [1, 4], [2, 5]]] as const; // biome-ignore format: a table
/** The edges of each path from input to output. */
const paths = [[3], [0, 4], [1, 5], [0, 2, 5]];

export const isCell = (ops: string): boolean => /^[0-4]{6}$/.test(ops);

const livePaths = (digits: readonly number[]) => paths.filter((path) => path.every((edge) => digits[edge] !== none));

/** Edge by edge, whether it is on a path from input to output that no zero interrupts. */
export function liveEdges(digits: readonly number[]): boolean[] {
  const used = new Set(livePaths(digits).flat());
  return digits.map((_, edge) => used.has(edge));
}

/** The expression that a cell computes: sums in any order, without what is multiplied by zero. Equal text, equal network. */
export function expression(ops: string): string {
  const terms: string[][] = [['x']];
  for (const into of edgesInto.slice(1)) {
    const sum = into.flatMap(([from, edge]) => {
      const [operator, source] = [Number(ops[edge]), terms[from] ?? []];
      if (operator === none || source.length === 0) return [];
      return operator === skip ? source : [`${operator}(${source.join('+')})`];
    });
    terms.push(sum.sort());
  }
  return terms.at(-1)?.join('+') ?? '';
}

/** What is known of one path that no zero interrupts. */
function pathOf(operatorsOn: readonly number[]) {
  const count = (...kinds: number[]) => operatorsOn.filter((one) => kinds.includes(one)).length;
  return { convolutions: count(conv1x1, conv3x3), spatial: count(conv3x3), pools: count(pool) };
}

/** Numbers that tell cells apart: how often each operator runs, what reaches the output, and what the paths are like. */
export function cellFeatures(ops: string): { counts: number[]; graph: number[]; paths: number[] } {
  const digits = [...ops].map(Number);
  const [live, alive] = [livePaths(digits), liveEdges(digits)];
  const liveCount = (kind: number) => digits.filter((digit, edge) => alive[edge] && digit === kind).length;
  const found = live.map((path) => pathOf(path.map((edge) => digits[edge] ?? none)));
  const most = (of: (path: (typeof found)[number]) => number) => Math.max(0, ...found.map(of));
  const least = (of: (path: (typeof found)[number]) => number) => (found.length ? Math.min(...found.map(of)) : 0);
  const identities = live.filter((path) => path.every((edge) => digits[edge] === skip)).length;
  const having = (test: (path: (typeof found)[number]) => boolean) => found.filter(test).length;
  const convolutions = liveCount(conv1x1) + liveCount(conv3x3);
  return {
    counts: operators.map((kind) => digits.filter((digit) => digit === kind).length),
    graph: [
      ...[skip, conv1x1, conv3x3, pool].map(liveCount),
      ...[live.length, Math.min(1, live.length), identities, Math.min(1, identities)],
      ...[most((path) => path.convolutions), most((path) => path.spatial), least((path) => path.convolutions)],
      ...[least((path) => path.pools), most((path) => path.pools)],
      found.reduce((sum, path) => sum + path.convolutions, 0),
      // A 3x3 convolution has nine times the weights.
      Math.log(1 + 9 * liveCount(conv3x3) + liveCount(conv1x1)),
      Math.min(2, convolutions),
    ],
    paths: [0, 1, 2, 3].flatMap((count) => [
      having((path) => path.convolutions === count && path.pools === 0),
      having((path) => path.convolutions === count && path.pools > 0),
      having((path) => path.spatial === count),
    ]),
  };
}
