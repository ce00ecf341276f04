import { rounder } from './weights.ts';

/** Weights of 4 bits in blocks, as com.microsoft.MatMulNBits takes them. */
export interface Blocks {
  /** [N, blocks of K, blockSize / 2], two codes a byte, the lower half first. */
  codes: Uint8Array;
  /** [N, blocks of K]. */
  scales: Float32Array;
  /** [N, ⌈blocks / 2⌉] packed alike; absent where every zero point is 8. */
  zeroPoints?: Uint8Array;
  /** Σ (w − ŵ)². */
  error: number;
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

const codeOf = (weight: number, { scale, zeroPoint }: Fit) =>
  Math.max(0, Math.min(15, weight / scale + rounder - rounder + zeroPoint));

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

/**
 * The matrix [K, N] in blocks of `blockSize` along K, each with a scale and, where `zeroPoints` asks for it, a zero
 * point of its own; the last block of a column is filled up with zeros.
 */
export function blocksOf(matrix: Float32Array, k: number, n: number, blockSize: number, zeroPoints: boolean): Blocks {
  const count = Math.ceil(k / blockSize);
  const codes = new Uint8Array((n * count * blockSize) / 2);
  const scales = new Float32Array(n * count);
  const packed = new Uint8Array(n * Math.ceil(count / 2));
  const block = new Float32Array(blockSize);
  let total = 0;
  for (let b = 0; b < count; b++) {
    const rows = Math.min(blockSize, k - b * blockSize);
    block.fill(0);
    for (let column = 0; column < n; column++) {
      for (let row = 0; row < rows; row++) block[row] = matrix[(b * blockSize + row) * n + column] as number;
      const fit = bestFit(block, zeroPoints ? asymmetric(block) : symmetric(block));
      total += fit.error;
      const index = column * count + b;
      scales[index] = fit.scale;
      const at = column * Math.ceil(count / 2) + (b >> 1);
      packed[at] = (packed[at] as number) | (fit.zeroPoint << (b % 2 === 0 ? 0 : 4));
      const start = (index * blockSize) / 2;
      for (let pair = 0; pair < blockSize / 2; pair++) {
        const [low, high] = [codeOf(block[2 * pair] as number, fit), codeOf(block[2 * pair + 1] as number, fit)];
        codes[start + pair] = low | (high << 4);
      }
    }
  }
  return { codes, scales, error: total, ...(zeroPoints && { zeroPoints: packed }) };
}
