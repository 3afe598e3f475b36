/** Lanczos' coefficients for g = 7, nine terms (Godfrey 2001): 15 digits. */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905, -0.13857109526572012,
  9.9843695780195716e-6, 1.5056327351493116e-7,
];
/** Terms of the series and of the continued fraction grow as the root of the argument; so many are not seen below 10^9. */
const LARGEST_TERMS = 100_000;

/**
 * Probability that a chi-square variable is at least as large: the upper regularised incomplete gamma function Q(degrees / 2, value / 2).
 * @param value 0 or more
 * @param degrees of freedom, above 0
 */
export function chiSquareTail(value: number, degrees: number): number {
  if (value <= 0) return 1;
  const [shape, x] = [degrees / 2, value / 2];
  if (x === Infinity) return 0;
  const front = Math.exp(shape * Math.log(x) - x - logGamma(shape));
  // Each of the two converges where the other is slow, or would lose the digits of a small result.
  return x < shape + 1 ? 1 - front * lowerSeries(shape, x) : front * upperFraction(shape, x);
}

/** sum_n x^n / (a (a + 1) ... (a + n)). */
function lowerSeries(shape: number, x: number): number {
  let term = 1 / shape;
  let sum = term;
  for (let n = 1; n < LARGEST_TERMS && term > sum * Number.EPSILON; n++) {
    term *= x / (shape + n);
    sum += term;
  }
  return sum;
}

/** Legendre's continued fraction, 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - ...)), by Lentz's method. */
function upperFraction(shape: number, x: number): number {
  let b = x + 1 - shape;
  let c = Infinity;
  let d = 1 / b;
  let result = d;
  for (let n = 1; n < LARGEST_TERMS; n++) {
    const a = -n * (n - shape);
    b += 2;
    d = 1 / (a * d + b);
    c = b + a / c;
    result *= c * d;
    if (Math.abs(c * d - 1) < Number.EPSILON) break;
  }
  return result;
}

/** log Gamma(x) for x > 0, to about 14 digits. */
function logGamma(x: number): number {
  // The formula is for x of 1/2 and more; Gamma(x) = Gamma(x + 1) / x.
  if (x < 0.5) return logGamma(x + 1) - Math.log(x);
  const z = x - 1;
  const series = LANCZOS.reduce((sum, coefficient, index) => (index === 0 ? coefficient : sum + coefficient / (z + index)), 0);
  const t = z + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(series);
}
