import type { Range } from '../../observe/observations.ts';

/** An unsigned 8-bit grid: code q stands for (q − zeroPoint) · scale. */
export interface Grid {
  scale: number;
  zeroPoint: number;
}

/** The grid that holds `range` and zero exactly (ONNX QuantizeLinear; Jacob et al. 2018). */
export function gridOf({ min, max }: Range): Grid {
  const low = Math.min(0, min);
  const high = Math.max(0, max);
  // A range of denormals has no scale that a FLOAT can hold.
  const scale = Math.max((high - low) / 255, 0) > 1e-30 ? (high - low) / 255 : 1 / 255;
  return { scale, zeroPoint: Math.round(-low / scale) };
}

/**
 * How clip(alpha·x + beta, 0, 1) is made by one 8-bit multiplication by alpha: the zero point of its result adds beta,
 * and the ends of the codes clip. The result is read on `grid`; the top of the codes is 1 to within half a percent.
 * Undefined where beta leaves no codes for one of the ends.
 */
export function affineClip(beta: number): { made: Grid; read: Grid } | undefined {
  const zeroPoint = Math.floor(255 * beta);
  if (zeroPoint < 32 || zeroPoint > 223) return undefined;
  const scale = beta / zeroPoint;
  return { made: { scale, zeroPoint }, read: { scale, zeroPoint: 0 } };
}
