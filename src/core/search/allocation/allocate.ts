import { type Choice, Relaxation, undominated } from './relaxation.ts';

/** An assignment of the first items; the newest choice, and the assignment that it extends. */
interface Partial extends Choice {
  chosen?: number;
  before?: Partial;
}

const cheapest = (choices: readonly Choice[]) => Math.min(...choices.map(({ cost }) => cost));

/** The loss of one whole assignment that begins with `state`: for item after item the best choice that still fits. */
function completedLoss({ cost, loss }: Choice, rest: readonly (readonly Choice[])[], budget: number): number {
  let room = budget - cost - rest.reduce((sum, choices) => sum + cheapest(choices), 0);
  if (room < 0) return Number.POSITIVE_INFINITY;
  let total = loss;
  for (const choices of rest) {
    const least = cheapest(choices);
    const fits = choices.filter((choice) => choice.cost - least <= room);
    const best = fits.reduce((a, b) => (b.loss < a.loss ? b : a));
    room -= best.cost - least;
    total += best.loss;
  }
  return total;
}

/**
 * One choice for each item, so that the sum of losses is least and the sum of costs is at most `budget`: the
 * multiple-choice knapsack problem, solved to the optimum. Dynamic programming over undominated partial assignments;
 * one whose linear relaxation can't beat an assignment known already is dropped (Kellerer, Pferschy and Pisinger 2004,
 * ch. 11). Returns the index of each item's choice; undefined where nothing fits.
 */
export function allocate(items: readonly (readonly Choice[])[], budget: number): number[] | undefined {
  let states: Partial[] = [{ cost: 0, loss: 0 }];
  let known = Number.POSITIVE_INFINITY;
  for (const [index, choices] of items.entries()) {
    const rest = items.slice(index + 1);
    const relaxed = new Relaxation(rest);
    const bound = ({ cost, loss }: Choice) => loss + relaxed.leastLoss(budget - cost);
    const useful = undominated(choices);
    const extended = states.flatMap((before) =>
      useful.map((chosen): Partial => {
        const { cost, loss } = choices[chosen] as Choice;
        return { cost: before.cost + cost, loss: before.loss + loss, chosen, before };
      }),
    );
    const open = undominated(extended).map((i) => extended[i] as Partial);
    const bounds = open.map(bound);
    const promising = open[bounds.indexOf(Math.min(...bounds))];
    known = Math.min(known, promising ? completedLoss(promising, rest, budget) : known);
    // What equals the best known may be it; the slack is for rounding in the bound.
    states = open.filter((_, i) => Number.isFinite(bounds[i]) && (bounds[i] ?? 0) <= known + 1e-9 * Math.abs(known));
  }
  const best = states.reduce<Partial | undefined>((a, b) => (a && a.loss <= b.loss ? a : b), undefined);
  return best && assignment(best);
}

function assignment(state: Partial): number[] {
  const result: number[] = [];
  for (let at: Partial | undefined = state; at?.chosen !== undefined; at = at.before) result.push(at.chosen);
  return result.reverse();
}
