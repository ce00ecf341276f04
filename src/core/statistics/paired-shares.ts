/**
 * The difference of two shares of the same `rows`, of which `gained` count only for the first and `lost` only for the
 * second, as the upper end of its interval at `z`: the adjusted Wald interval, which adds one row of each kind (Bonett
 * and Price 2012). It keeps its coverage where few rows differ, or none.
 */
export function pairedShareHigh(gained: number, lost: number, rows: number, z: number): number {
  const [p, q] = [(gained + 1) / (rows + 2), (lost + 1) / (rows + 2)];
  return p - q + z * Math.sqrt((p + q - (p - q) ** 2) / (rows + 2));
}
