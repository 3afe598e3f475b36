import { InputError } from '../errors.js';
import type { RandomStream } from '../random.js';
import { checkWhole } from './features.js';

/** Beyond this times M the mean cosine is as good as its expansion for large concentrations, and the fraction has too many terms. */
const ASYMPTOTIC = 1e4;

/**
 * Draws codes around a mean direction from the von Mises-Fisher distribution, whose density is proportional to exp(concentration
 * mean.z): Wood's rejection (1994). Concentration 0 is the uniform distribution. The cosine's candidate, a symmetric beta variable, and
 * the direction across are taken from one uniform draw from the sphere, in which they are independent.
 * @param mean direction [M] of any length but 0, M >= 2
 * @param concentration 0 or more
 * @returns codes [count, M] of length 1
 * @throws InputError for a mean without a direction, and for a concentration that is negative or not finite
 */
export function drawVonMisesFisher(mean: Float32Array | Float64Array, concentration: number, count: number, stream: RandomStream): Float32Array {
  checkWhole(count, 'count', 0);
  const latent = mean.length;
  const axis = reflectionAxis(unitVector(mean));
  if (!(concentration >= 0 && concentration < Infinity)) throw new InputError(`concentration: is ${concentration}, but must be 0 or more, and finite`);
  const codes = new Float32Array(count * latent);
  for (let start = 0; start < codes.length; start += latent) {
    const code = codes.subarray(start, start + latent);
    drawAroundFirstAxis(code, concentration, stream);
    // The reflection takes the first axis to the mean.
    let inner = 0;
    for (let index = 0; index < latent; index++) inner += axis[index]! * code[index]!;
    for (let index = 0; index < latent; index++) code[index]! -= 2 * inner * axis[index]!;
  }
  return codes;
}

function unitVector(mean: Float32Array | Float64Array): Float64Array {
  if (mean.length < 2) throw new InputError(`mean direction: has ${mean.length} coordinates, but at least 2 are needed`);
  const norm = Math.hypot(...mean);
  if (!(norm > 0 && norm < Infinity)) throw new InputError(`mean direction: its length is ${norm}, but must be above 0, and finite`);
  return Float64Array.from(mean, (coordinate) => coordinate / norm);
}

/** The unit vector u whose reflection I - 2 u u^T takes (1, 0, ..., 0) to the given unit vector; 0 where they are equal. */
function reflectionAxis(direction: Float64Array): Float64Array {
  const axis = direction.map((coordinate) => -coordinate);
  const across = direction.subarray(1).reduce((sum, coordinate) => sum + coordinate * coordinate, 0);
  // 1 - d without cancellation where the direction is nearly the axis.
  axis[0] = direction[0]! > 0 ? across / (1 + direction[0]!) : 1 - direction[0]!;
  const norm = Math.sqrt(axis[0] ** 2 + across);
  return norm === 0 ? axis.fill(0) : axis.map((coordinate) => coordinate / norm);
}

/** One draw around (1, 0, ..., 0). Written in 1 - cosine throughout, so that large concentrations lose no digits. */
function drawAroundFirstAxis(code: Float32Array, concentration: number, stream: RandomStream): void {
  const dimensions = code.length - 1;
  const b = dimensions / (2 * concentration + Math.sqrt(4 * concentration ** 2 + dimensions ** 2));
  // 1 - x0, x0 = (1 - b) / (1 + b) being the cosine where the envelope touches.
  const touching = (2 * b) / (1 + b);
  for (;;) {
    stream.fillNormal(code);
    let across = 0;
    for (let index = 1; index < code.length; index++) across += code[index]! ** 2;
    if (across === 0) continue;
    const beta = (1 + code[0]! / Math.sqrt(code[0]! ** 2 + across)) / 2;
    // 1 - the cosine of the candidate.
    const versine = (2 * b * beta) / (1 - (1 - b) * beta);
    const logRatio = concentration * (touching - versine) + dimensions * Math.log((touching + (1 - touching) * versine) / (touching * (2 - touching)));
    if (logRatio < Math.log(1 - stream.uniform())) continue;
    const scale = Math.sqrt((versine * (2 - versine)) / across);
    code[0] = 1 - versine;
    for (let index = 1; index < code.length; index++) code[index]! *= scale;
    return;
  }
}

/**
 * The concentration at which the mean cosine of a draw with the mean direction is cos(spread x 90 degrees). For many dimensions, where
 * all draws are about equally far, spread is the angle to the mean direction in right angles: 1 is uniform, and near 0 is a point.
 * @param spread above 0, at most 1
 * @param latent M >= 2
 * @throws InputError outside these ranges
 */
export function concentrationOf(spread: number, latent: number): number {
  checkWhole(latent, 'latent dimensions', 2);
  if (!(spread > 0 && spread <= 1)) throw new InputError(`spread: is ${spread}, but must be above 0 and at most 1`);
  if (spread === 1) return 0;
  // 1 - mean cosine, whose digits the cosine has lost for small spreads.
  const missing = 2 * Math.sin((spread * Math.PI) / 4) ** 2;
  // Mardia and Jupp 2000, 10.3.
  const asymptotic = (latent - 1) / (2 * missing) - (latent - 3) / 4;
  if (asymptotic > ASYMPTOTIC * latent) return asymptotic;
  let [low, high] = [0, Math.max(1, 2 * asymptotic)];
  while (meanCosine(high, latent) < 1 - missing) high *= 2;
  for (let halving = 0; halving < 60 && high - low > 1e-13 * high; halving++) {
    const middle = (low + high) / 2;
    if (meanCosine(middle, latent) < 1 - missing) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * The mean cosine of a draw with the mean direction, I_{M/2}(k) / I_{M/2 - 1}(k): the continued fraction k / (M + k^2 / (M + 2 + ...)),
 * from a depth where further terms change nothing. Right for concentrations that are not above 10^4 M or so.
 */
export function meanCosine(concentration: number, latent: number): number {
  const depth = 40 + Math.ceil(concentration);
  let fraction = 0;
  for (let level = depth; level >= 0; level--) fraction = concentration / (latent + 2 * level + concentration * fraction);
  return fraction;
}
