/**
 * Arithmetic of strided convolutions in phases. A convolution couples a small map and a big one: big index = stride * small index +
 * tap - padding. The big map is kept as stride x stride phases (phase r holds the indices congruent to r); then tap and small index
 * reach an index of phase r by an offset without stride, so that each phase is linked to the small map by a convolution of stride 1.
 */

/** A convolution along one axis. */
export interface Axis {
  readonly small: number;
  readonly big: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** The connection of one phase with the small map along one axis. */
export interface AxisLink {
  /** Taps of the kernel that reach this phase: first, first + stride, ...; `taps` of them. */
  readonly first: number;
  readonly step: number;
  readonly taps: number;
  /** Index in the phase = small index + number of the tap - shift. */
  readonly shift: number;
  /** Sizes of the small map and of the phase. */
  readonly small: number;
  readonly phase: number;
}

/** The link of each phase, or undefined if phases would differ in size or number of taps, or need cropping. */
export function phaseLinks({ small, big, kernel, stride, padding }: Axis): readonly AxisLink[] | undefined {
  if (big % stride !== 0 || kernel % stride !== 0) return undefined;
  const links = Array.from({ length: stride }, (_, phase): AxisLink => {
    const first = (phase + padding) % stride;
    return {
      first,
      step: stride,
      taps: kernel / stride,
      shift: (phase + padding - first) / stride,
      small,
      phase: big / stride,
    };
  });
  return links.every((link) => [...forwardPadding(link), ...backwardPadding(link)].every((pad) => pad >= 0))
    ? links
    : undefined;
}

/** Padding [before, after] of the convolution from the phase to the small map. */
export const forwardPadding = ({ small, phase, taps, shift }: AxisLink): [number, number] => [
  shift,
  small - phase - shift + taps - 1,
];

/**
 * Padding of the convolution from the small map to the phase, whose taps run backwards. Also of the small map when the phase slides over it as a
 * kernel: position j of the result belongs to tap `taps - 1 - j`.
 */
export const backwardPadding = ({ small, phase, taps, shift }: AxisLink): [number, number] => [
  taps - 1 - shift,
  phase - small + shift,
];
