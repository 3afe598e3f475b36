/** Codes spread over the prior, their colors, and the grid of the plane. */

/** The grid of points whose codes are shown: its side, and the range of its coordinates. */
export const FIELD = { side: 41, range: 1.2 } as const;

/** Codes on the circle and on the sphere. */
const CIRCLE = 400;
const SPHERE = 1500;
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));

/** Codes [N, M] spread evenly over the circle, in its order, or over the sphere (a Fibonacci lattice). */
export function latticeOf(latent: 2 | 3, count = latent === 2 ? CIRCLE : SPHERE): Float32Array {
  const codes = Array.from({ length: count }, (_, index) => {
    if (latent === 2) return [Math.cos((2 * Math.PI * index) / count), Math.sin((2 * Math.PI * index) / count)];
    const height = 1 - (2 * (index + 0.5)) / count;
    const radius = Math.sqrt(1 - height ** 2);
    return [radius * Math.cos(GOLDEN_ANGLE * index), radius * Math.sin(GOLDEN_ANGLE * index), height];
  });
  return Float32Array.from(codes.flat());
}

/** Red, green and blue, 0 to 255. */
export type Color = readonly [red: number, green: number, blue: number];

/** The range of a channel: white and black remain for data. */
const [DARKEST, BRIGHTEST] = [60, 235];
const THIRD = (2 * Math.PI) / 3;

/** The color of a code: its angle as a hue; on the sphere, its height as the brightness. */
export function colorOf(codes: Float32Array, index: number, latent: 2 | 3): Color {
  const [x, y, height] = [
    codes[index * latent]!,
    codes[index * latent + 1]!,
    latent === 3 ? codes[index * latent + 2]! : 0,
  ];
  const angle = Math.atan2(y, x);
  const channel = (shift: number): number => {
    const wave = (1 + Math.cos(angle - shift)) / 2;
    const bright = DARKEST + (BRIGHTEST - DARKEST) * wave;
    return Math.round(height > 0 ? bright + (255 - bright) * 0.75 * height : bright * (1 + 0.75 * height));
  };
  return [channel(0), channel(THIRD), channel(2 * THIRD)];
}

export const cssColor = ([red, green, blue]: Color): string => `rgb(${red} ${green} ${blue})`;
