/** Lower factor of a symmetric positive definite matrix (Golub and Van Loan 4.2.5), size x size, row-major. */
export function factorCholesky(matrix: Float64Array, size: number): Float64Array {
  const factor = new Float64Array(size * size);
  for (let a = 0; a < size; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = matrix[a * size + b]!;
      for (let k = 0; k < b; k++) sum -= factor[a * size + k]! * factor[b * size + k]!;
      factor[a * size + b] = a === b ? Math.sqrt(sum) : sum / factor[b * size + b]!;
    }
  }
  return factor;
}

/** x with L x = b, in place. */
export function solveLower(factor: Float64Array, size: number, b: Float64Array): void {
  for (let a = 0; a < size; a++) {
    let sum = b[a]!;
    for (let k = 0; k < a; k++) sum -= factor[a * size + k]! * b[k]!;
    b[a] = sum / factor[a * size + a]!;
  }
}

/** x with L^T x = b, in place. */
export function solveLowerTransposed(factor: Float64Array, size: number, b: Float64Array): void {
  for (let a = size - 1; a >= 0; a--) {
    let sum = b[a]!;
    for (let k = a + 1; k < size; k++) sum -= factor[k * size + a]! * b[k]!;
    b[a] = sum / factor[a * size + a]!;
  }
}
