/** Architectures with both objectives, which are to be made small. */
export interface Contest {
  ops: readonly string[];
  points: readonly (readonly [latency: number, error: number])[];
  /** The 99th percentile of each over the table. */
  reference: readonly [number, number];
}

const percentile99 = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(0.99 * values.length) - 1)] ?? 0;

/** The architectures that both tables have; accuracies are percentages. */
export function contest(latencies: ReadonlyMap<string, number>, accuracies: ReadonlyMap<string, number>): Contest {
  const ops = [...latencies.keys()].filter((one) => accuracies.has(one));
  if (ops.length === 0) throw new Error('the two tables have no architecture in common');
  const points = ops.map((one) => [latencies.get(one) ?? 0, 100 - (accuracies.get(one) ?? 0)] as const);
  return {
    ops,
    points,
    reference: [percentile99(points.map(([x]) => x)), percentile99(points.map(([, y]) => y))],
  };
}
