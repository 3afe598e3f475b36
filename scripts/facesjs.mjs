/** Faces of facesjs with known attributes, and how they are rendered. */
import { faceToSvgString, generate } from 'facesjs';
import sharp from 'sharp';

/** The head with its hair and hat: all of the picture but the lower chest. */
const VIEW = [/viewBox="0 0 400 600"/u, 'viewBox="-50 20 500 500"'];

/** Returns a pseudorandom number in [0, 1), determined by the seed (mulberry32). */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns a face of facesjs, determined by the seed and the index, its SVG and its attributes. */
export function randomFace(seed, index) {
  // facesjs has no seed of its own.
  const random = Math.random;
  Math.random = randomNumbers((Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) | 0);
  try {
    const gender = Math.random() < 0.5 ? 'female' : 'male';
    const face = generate(undefined, { gender });
    // First: it replaces the hair of faces with a hat.
    const svg = svgOf(face);
    const { hair, body, glasses, facialHair, fatness } = face;
    const [hasGlasses, hasBeard] = [glasses, facialHair].map(({ id }) => id !== 'none');
    return {
      face,
      svg,
      attributes: { hair: hair.id, skin: body.color, glasses: hasGlasses, gender, beard: hasBeard, fatness },
    };
  } finally {
    Math.random = random;
  }
}

export const svgOf = (face) => faceToSvgString(face).replace(...VIEW);

/** Returns bytes [size, size, 3], on white. */
export async function render(svg, size) {
  const image = sharp(Buffer.from(svg)).resize(size, size, { fit: 'contain', background: 'white' });
  return image.flatten({ background: 'white' }).removeAlpha().raw().toBuffer();
}
