/**
 * The mean over classes of F1 = 2tp / (2tp + fp + fn), for every class that is predicted or true in the rows; each
 * counts the same however rare it is. `rows` picks rows, once or more often; all of them once when left out.
 */
export function macroF1(predicted: ArrayLike<number>, labels: ArrayLike<number>, rows?: ArrayLike<number>): number {
  const right = new Map<number, number>();
  const seen = new Map<number, number>();
  const add = (counts: Map<number, number>, key: number) => counts.set(key, (counts.get(key) ?? 0) + 1);
  const length = rows?.length ?? predicted.length;
  for (let i = 0; i < length; i++) {
    const row = rows?.[i] ?? i;
    const [guess = -1, label = -1] = [predicted[row], labels[row]];
    if (guess === label) add(right, label);
    add(seen, guess);
    add(seen, label);
  }
  let sum = 0;
  for (const [key, count] of seen) sum += (2 * (right.get(key) ?? 0)) / count;
  return sum / seen.size;
}
