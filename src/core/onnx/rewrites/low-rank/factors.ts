import { CholeskyDecomposition, EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { Layer } from '../../layer.ts';
import type { Moments } from '../../observe/observations.ts';

/** W ≈ first·second, with the bias that keeps the mean of the outputs. */
export interface Factors {
  /** Inputs (times taps) by rank. */
  first: Matrix;
  /** Rank by outputs. */
  second: Matrix;
  bias: Float32Array;
}

/** a·b, row by row over typed arrays: several times as fast as ml-matrix' own on the sizes of layers. */
function product(a: Matrix, b: Matrix): Matrix {
  const [rows, shared, columns] = [a.rows, a.columns, b.columns];
  const right = Array.from({ length: shared }, (_, k) => Float64Array.from(b.getRow(k)));
  const result = new Matrix(rows, columns);
  const sums = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    sums.fill(0);
    for (let k = 0; k < shared; k++) {
      const factor = a.get(i, k);
      const row = right[k];
      if (factor === 0 || !row) continue;
      for (let j = 0; j < columns; j++) sums[j] = (sums[j] as number) + factor * (row[j] as number);
    }
    result.setRow(i, Array.from(sums));
  }
  return result;
}

/** E[(x−μ)(x−μ)ᵀ]. */
function covariance({ mean, second }: Moments): Matrix {
  const column = Matrix.columnVector(mean);
  return Matrix.sub(second, column.mmul(column.transpose()));
}

/** The `rank` eigenvectors of a symmetric matrix with the largest eigenvalues, as columns. */
function leading(symmetric: Matrix, rank: number): Matrix {
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
  const order = realEigenvalues.map((value, index) => ({ value, index })).sort((a, b) => b.value - a.value);
  return eigenvectorMatrix.subMatrixColumn(order.slice(0, rank).map(({ index }) => index));
}

/** Weights as a matrix of inputs (times taps) by outputs. */
export function weightMatrix({ weight, outputs, outOf, inOf, node }: Layer): Matrix {
  const rows = weight.length / outputs;
  const result = new Matrix(rows, outputs);
  const rowOf = node.opType === 'Conv' ? (place: number) => place % rows : inOf;
  for (let place = 0; place < weight.length; place++) result.set(rowOf(place), outOf(place), weight[place] ?? 0);
  return result;
}

/**
 * The best approximation of the outputs y = Wᵀx + b by ones of fewer dimensions: ŷ = μ + V Vᵀ(y − μ), V the principal
 * directions of y. In the mean square over the data no factorisation of W of that rank comes closer.
 */
export function byOutputs(layer: Layer, weights: Matrix, moments: Moments, rank: number): Factors {
  const directions = leading(covariance(moments), rank);
  const second = directions.transpose();
  const { mean } = moments;
  const offset = Matrix.columnVector(mean.map((value, c) => (layer.bias?.[c] ?? 0) - value));
  const kept = directions.mmul(second.mmul(offset)).to1DArray();
  return {
    first: weights.mmul(directions),
    second,
    bias: Float32Array.from(mean, (value, c) => value + (kept[c] ?? 0)),
  };
}

/**
 * The same from the side of the inputs, for layers that have fewer inputs than outputs: with Cov(x) = L Lᵀ and U the
 * leading left singular vectors of LᵀW, Ŵ = L⁻ᵀU · UᵀLᵀW (Chen et al. 2021, DRONE).
 */
export function byInputs(layer: Layer, weights: Matrix, moments: Moments, rank: number): Factors {
  const spread = covariance(moments);
  const lower = cholesky(spread);
  const whitened = product(lower.transpose(), weights);
  const directions = leading(product(whitened, whitened.transpose()), rank);
  const first = solveTransposed(lower, directions);
  const second = product(directions.transpose(), whitened);
  const mean = Matrix.rowVector(moments.mean);
  const lost = Matrix.sub(mean.mmul(weights), mean.mmul(first).mmul(second)).to1DArray();
  return { first, second, bias: Float32Array.from(lost, (value, c) => value + (layer.bias?.[c] ?? 0)) };
}

/** L of a covariance that sums in single precision may have left with eigenvalues a little below 0. */
function cholesky(spread: Matrix): Matrix {
  const { rows } = spread;
  const unit = Math.max(1e-9, spread.trace() / rows);
  for (let ridge = 1e-5; ; ridge *= 10) {
    const decomposition = new CholeskyDecomposition(Matrix.add(spread, Matrix.eye(rows, rows, ridge * unit)));
    if (decomposition.isPositiveDefinite() || ridge >= 1) return decomposition.lowerTriangularMatrix;
  }
}

/** X with Lᵀ X = B, by substitution from the last row up. */
function solveTransposed(lower: Matrix, right: Matrix): Matrix {
  const result = right.clone();
  for (let row = lower.rows - 1; row >= 0; row--) {
    for (let column = 0; column < result.columns; column++) {
      let value = result.get(row, column);
      for (let below = row + 1; below < lower.rows; below++) value -= lower.get(below, row) * result.get(below, column);
      result.set(row, column, value / lower.get(row, row));
    }
  }
  return result;
}
