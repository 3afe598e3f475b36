/**
 * Strided convolutions in phases. Big index = stride * small index + tap - padding. Phase r of the big map holds the
 * indices congruent to r modulo the stride, and a convolution of stride 1 links it to the small map.
 */

type Axis = Record<'small' | 'big' | 'kernel' | 'stride' | 'padding', number>;

export interface AxisLink {
  /** Taps that reach this phase: first, first + step, ...; `taps` of them. */
  first: number;
  step: number;
  taps: number;
  /** Index in the phase = small index + number of the tap - shift. */
  shift: number;
  /** Sizes of the small map and of the phase. */
  small: number;
  phase: number;
}

export interface PlaneLink {
  rows: AxisLink;
  columns: AxisLink;
}

/**
 * Returns the link of each phase, none if no tap reaches it, as in a 1x1 convolution of stride 2. Undefined if phases
 * would differ in size or need cropping.
 */
export function phaseLinks({
  small,
  big,
  kernel,
  stride,
  padding,
}: Axis): readonly (AxisLink | undefined)[] | undefined {
  if (big % stride !== 0) return undefined;
  const links = Array.from({ length: stride }, (_, phase): AxisLink | undefined => {
    const first = (phase + padding) % stride;
    const taps = Math.ceil((kernel - first) / stride);
    const shift = (phase + padding - first) / stride;
    return taps > 0 ? { first, step: stride, taps, shift, small, phase: big / stride } : undefined;
  });
  const needsNoCropping = (link: AxisLink) =>
    [...forwardPadding(link), ...backwardPadding(link)].every((size) => size >= 0);
  return links.every((link) => link === undefined || needsNoCropping(link)) ? links : undefined;
}

/** [before, after], from the phase to the small map. */
export const forwardPadding = ({ small, phase, taps, shift }: AxisLink): [number, number] => [
  shift,
  small - phase - shift + taps - 1,
];

/**
 * From the small map to the phase, with taps backwards. Equal if the phase slides over the small map as a kernel:
 * position j of the result belongs to tap `taps - 1 - j`.
 */
export const backwardPadding = ({ small, phase, taps, shift }: AxisLink): [number, number] => [
  taps - 1 - shift,
  phase - small + shift,
];
