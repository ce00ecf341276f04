function largest(values: ArrayLike<number>): number {
  let found = 0;
  for (let i = 0; i < values.length; i++) found = Math.max(found, values[i] ?? 0);
  return found;
}

/**
 * The mean over classes of F1 = 2tp / (2tp + fp + fn), for every class that is predicted or true in the rows; each
 * counts the same however rare it is. `rows` picks rows, once or more often; all of them once when left out.
 */
export function macroF1(predicted: ArrayLike<number>, labels: ArrayLike<number>, rows?: ArrayLike<number>): number {
  const classes = Math.max(largest(predicted), largest(labels)) + 1;
  const right = new Int32Array(classes);
  const seen = new Int32Array(classes);
  const length = rows?.length ?? predicted.length;
  for (let i = 0; i < length; i++) {
    const row = rows?.[i] ?? i;
    const [guess = -1, label = -1] = [predicted[row], labels[row]];
    // A guess of -1 is none at all: a class of its own would be wrong everywhere.
    if (guess >= 0) seen[guess] = (seen[guess] ?? 0) + 1;
    seen[label] = (seen[label] ?? 0) + 1;
    if (guess === label) right[label] = (right[label] ?? 0) + 1;
  }
  let [sum, present] = [0, 0];
  for (let each = 0; each < classes; each++) {
    const count = seen[each] ?? 0;
    if (count === 0) continue;
    sum += (2 * (right[each] ?? 0)) / count;
    present++;
  }
  return sum / present;
}
