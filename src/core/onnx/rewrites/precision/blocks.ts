import type { Compensation } from './compensation.ts';
import { rounder } from './weights.ts';

/** Weights of 4 bits in blocks, as com.microsoft.MatMulNBits takes them. */
export interface Blocks {
  /** [N, blocks of K, blockSize / 2], two codes a byte, the lower half first. */
  codes: Uint8Array;
  /** [N, blocks of K]. */
  scales: Float32Array;
  /** [N, ⌈blocks / 2⌉] packed alike; absent where every zero point is 8. */
  zeroPoints?: Uint8Array;
  /** Σ (w − ŵ)², or what is left of it in the output where errors are made up for. */
  error: number;
  /** w − ŵ, as the weights lie. */
  lost: Float32Array;
}

interface Fit {
  scale: number;
  zeroPoint: number;
}

/** Codes run from −8 to 7 about zero: the largest magnitude takes the side that has eight of them. */
function symmetric(block: Float32Array): Fit {
  let most = 0;
  for (const weight of block) if (Math.abs(weight) > Math.abs(most)) most = weight;
  return { scale: Math.abs(most) > 1e-30 ? most / -8 : 1, zeroPoint: 8 };
}

function asymmetric(block: Float32Array): Fit {
  let [low, high] = [0, 0];
  for (const weight of block) {
    if (weight < low) low = weight;
    else if (weight > high) high = weight;
  }
  const scale = high - low > 1e-30 ? (high - low) / 15 : 1;
  return { scale, zeroPoint: Math.max(0, Math.min(15, Math.round(-low / scale))) };
}

function errorOf(block: Float32Array, scale: number, zeroPoint: number): number {
  const inverse = 1 / scale;
  let sum = 0;
  for (let i = 0; i < block.length; i++) {
    const weight = block[i] as number;
    const code = Math.max(-zeroPoint, Math.min(15 - zeroPoint, weight * inverse + rounder - rounder));
    const error = weight - code * scale;
    sum += error * error;
  }
  return sum;
}

/** What is tried in place of the whole range. */
const shares = [0.95, 0.9, 0.84];

/** The fit with the least squared error among some that clip. */
function bestFit(block: Float32Array, { scale, zeroPoint }: Fit): Fit & { error: number } {
  let best = { scale, zeroPoint, error: errorOf(block, scale, zeroPoint) };
  for (const share of shares) {
    const error = errorOf(block, scale * share, zeroPoint);
    if (error < best.error) best = { scale: scale * share, zeroPoint, error };
  }
  return best;
}

export interface BlockOptions {
  /** Weights along K that share a scale. */
  size: number;
  /** A zero point for each block, else all are symmetric. */
  zeroPoints: boolean;
  /** Of the inputs that the weights meet. */
  compensation?: Compensation | undefined;
}

/** Adds to `row`, weights of the input `k`, what errors of the inputs `from` to `to` have it make up for. */
function makeUp(row: Float32Array, lost: Float32Array, k: number, from: number, to: number, by: Compensation): void {
  const n = row.length;
  for (let j = from; j < to; j++) {
    const share = by.shares[j * by.size + k] as number;
    if (share !== 0) for (let c = 0; c < n; c++) row[c] = (row[c] as number) + share * (lost[j * n + c] as number);
  }
}

/**
 * The matrix [K, N] in blocks along K, each with a scale and, where it is asked for, a zero point of its own; the last
 * block of a column is filled up with zeros.
 */
export function blocksOf(matrix: Float32Array, k: number, n: number, options: BlockOptions): Blocks {
  const { size, zeroPoints, compensation } = options;
  const count = Math.ceil(k / size);
  const codes = new Uint8Array((n * count * size) / 2);
  const scales = new Float32Array(n * count);
  const packed = new Uint8Array(n * Math.ceil(count / 2));
  const lost = new Float32Array(k * n);
  const zeros = new Uint8Array(n);
  const block = new Float32Array(size);
  let error = 0;
  for (let b = 0; b < count; b++) {
    const start = b * size;
    const rows = Math.min(size, k - start);
    const wanted = Array.from({ length: rows }, (_, r) => {
      const row = matrix.slice((start + r) * n, (start + r + 1) * n);
      if (compensation) makeUp(row, lost, start + r, 0, start, compensation);
      return row;
    });
    block.fill(0);
    for (let column = 0; column < n; column++) {
      for (let r = 0; r < rows; r++) block[r] = wanted[r]?.[column] as number;
      const { scale, zeroPoint } = bestFit(block, zeroPoints ? asymmetric(block) : symmetric(block));
      scales[column * count + b] = scale;
      zeros[column] = zeroPoint;
      const at = column * Math.ceil(count / 2) + (b >> 1);
      packed[at] = (packed[at] as number) | (zeroPoint << (b % 2 === 0 ? 0 : 4));
    }
    for (let r = 0; r < size; r++) {
      const row = wanted[r];
      if (row && compensation) makeUp(row, lost, start + r, start, start + r, compensation);
      const cost = compensation?.costs[start + r] ?? 1;
      for (let column = 0; column < n; column++) {
        const index = column * count + b;
        const scale = scales[index] as number;
        const zeroPoint = zeros[column] as number;
        const target = row ? (row[column] as number) : 0;
        const code = Math.max(0, Math.min(15, target / scale + rounder - rounder + zeroPoint));
        const at = (index * size + r) >> 1;
        codes[at] = (codes[at] as number) | (code << (r % 2 === 0 ? 0 : 4));
        if (!row) continue;
        const value = (code - zeroPoint) * scale;
        error += cost * (target - value) ** 2;
        lost[(start + r) * n + column] = (matrix[(start + r) * n + column] as number) - value;
      }
    }
  }
  return { codes, scales, error, lost, ...(zeroPoints && { zeroPoints: packed }) };
}
