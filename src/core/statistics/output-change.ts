/**
 * How far outputs have moved from the reference: the squared distance by the reference's own variance over its rows
 * (1 − R²). 0 is the same, 1 as far off as always answering the mean; changes at several places of a network that don't
 * know of each other add up, for they are squares. Where all rows of the reference are equal, its squared length counts.
 * Both hold `rows` rows of equal length.
 */
export function outputChange(found: ArrayLike<number>, reference: ArrayLike<number>, rows: number): number {
  const width = reference.length / rows;
  let [moved, variance, length] = [0, 0, 0];
  for (let column = 0; column < width; column++) {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += reference[row * width + column] ?? 0;
    const mean = sum / rows;
    for (let row = 0; row < rows; row++) {
      const expected = reference[row * width + column] ?? 0;
      moved += ((found[row * width + column] ?? 0) - expected) ** 2;
      variance += (expected - mean) ** 2;
      length += expected ** 2;
    }
  }
  if (moved === 0) return 0;
  return moved / (variance > 1e-12 * length ? variance : length || 1);
}
