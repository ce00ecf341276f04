/** A point in objective space; every objective is to be made small. */
export type Objectives = readonly number[];

/** Whether `a` is nowhere worse than `b` and somewhere better. */
export function dominates(a: Objectives, b: Objectives): boolean {
  return a.every((value, i) => value <= (b[i] ?? 0)) && a.some((value, i) => value < (b[i] ?? 0));
}

/** The indices of the points that no other dominates; of equal points the first. */
export function front(points: readonly Objectives[]): number[] {
  const same = (a: Objectives, b: Objectives) => a.every((value, i) => value === b[i]);
  return points.flatMap((point, i) =>
    points.some((other, j) => dominates(other, point) || (j < i && same(other, point))) ? [] : [i],
  );
}

/** For each point the number of its front, 0 for the best (Deb et al. 2002, NSGA-II). */
export function ranks(points: readonly Objectives[]): number[] {
  const result = points.map(() => -1);
  let left = points.map((_, i) => i);
  for (let rank = 0; left.length > 0; rank++) {
    const best = left.filter((i) => !left.some((j) => dominates(points[j] ?? [], points[i] ?? [])));
    for (const i of best) result[i] = rank;
    left = left.filter((i) => !best.includes(i));
  }
  return result;
}

/** How alone each point stands among the others: larger where its neighbours are far (NSGA-II's crowding distance). */
export function crowding(points: readonly Objectives[]): number[] {
  const distance = points.map(() => 0);
  for (let axis = 0; axis < (points[0]?.length ?? 0); axis++) {
    const at = (i: number) => points[i]?.[axis] ?? 0;
    const order = points.map((_, i) => i).sort((a, b) => at(a) - at(b));
    const range = at(order.at(-1) ?? 0) - at(order[0] ?? 0) || 1;
    for (const [place, i] of order.entries()) {
      const [before, after] = [order[place - 1], order[place + 1]];
      const gap = before === undefined || after === undefined ? Number.POSITIVE_INFINITY : at(after) - at(before);
      distance[i] = (distance[i] ?? 0) + gap / range;
    }
  }
  return distance;
}

/** The area that the points dominate below `reference`, for two objectives; 0 for points beyond it. */
export function hypervolume(points: readonly Objectives[], reference: readonly [number, number]): number {
  const inside = points.filter(([x = 0, y = 0]) => x < reference[0] && y < reference[1]);
  const steps = front(inside)
    .map((i) => inside[i] ?? [])
    .sort(([a = 0], [b = 0]) => a - b);
  let area = 0;
  let ceiling = reference[1];
  for (const [x = 0, y = 0] of steps) {
    area += (reference[0] - x) * (ceiling - y);
    ceiling = y;
  }
  return area;
}
