/** One thing that may be chosen for an item: what it costs, and what is lost by it. */
export interface Choice {
  cost: number;
  loss: number;
}

/** The choices that no other beats in both: cost ascends, loss descends. Their indices. */
export function undominated(choices: readonly Choice[]): number[] {
  const at = (index: number) => choices[index] as Choice;
  const order = [...choices.keys()].sort((a, b) => at(a).cost - at(b).cost || at(a).loss - at(b).loss);
  let least = Number.POSITIVE_INFINITY;
  return order.filter((index) => {
    if (at(index).loss >= least) return false;
    least = at(index).loss;
    return true;
  });
}

/** Steps from cheap to dear along the lower convex hull of an item's choices: cost spent, loss saved. */
function hullSteps(choices: readonly Choice[]): Choice[] {
  const hull: Choice[] = [];
  for (const index of undominated(choices)) {
    const next = choices[index] as Choice;
    while (hull.length > 1) {
      const [a, b] = [hull.at(-2) as Choice, hull.at(-1) as Choice];
      if ((b.loss - a.loss) * (next.cost - b.cost) < (next.loss - b.loss) * (b.cost - a.cost)) break;
      // Above the line from its neighbour to the next one: never part of a relaxed optimum.
      hull.pop();
    }
    hull.push(next);
  }
  return hull.slice(1).map(({ cost, loss }, i) => {
    const from = hull[i] as Choice;
    return { cost: cost - from.cost, loss: from.loss - loss };
  });
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/**
 * The least loss that items can have within a budget when the last step may be taken in part: the linear relaxation of
 * the multiple-choice knapsack problem, convex and piecewise linear in the budget (Sinha and Zoltners 1979).
 */
export class Relaxation {
  readonly #leastCost: number;
  /** Budget and loss at the corners of the line, budget ascending. */
  readonly #corners: Choice[];

  constructor(items: readonly (readonly Choice[])[]) {
    const cheapest = items.map((choices) => choices[undominated(choices)[0] ?? 0] as Choice);
    this.#leastCost = total(cheapest.map(({ cost }) => cost));
    let corner: Choice = { cost: this.#leastCost, loss: total(cheapest.map(({ loss }) => loss)) };
    this.#corners = [corner];
    for (const { cost, loss } of items.flatMap(hullSteps).sort((a, b) => b.loss / b.cost - a.loss / a.cost)) {
      corner = { cost: corner.cost + cost, loss: corner.loss - loss };
      this.#corners.push(corner);
    }
  }

  /** Infinite where not even the cheapest choices fit. */
  leastLoss(budget: number): number {
    if (budget < this.#leastCost) return Number.POSITIVE_INFINITY;
    let [low, high] = [0, this.#corners.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#corners[middle] as Choice).cost <= budget) low = middle;
      else high = middle - 1;
    }
    const from = this.#corners[low] as Choice;
    const to = this.#corners[low + 1];
    if (!to) return from.loss;
    return from.loss + ((budget - from.cost) / (to.cost - from.cost)) * (to.loss - from.loss);
  }
}
