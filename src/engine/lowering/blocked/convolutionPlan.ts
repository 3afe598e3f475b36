import { concat, gather, pad, reshape, slice } from '../../operators/index.js';
import { type Shape4, sizeOf } from '../../shape.js';
import { constant, type Value } from '../../value.js';
import { type Convolution, convolutionRoles } from '../convolution.js';
import { kernelFromRows, kernelRows, type KernelType, plainShape } from './kernels.js';
import { type FeatureMapType, type Layout, padded, WHOLE } from './layout.js';
import { type AxisLink, phaseLinks, type PlaneLink } from './polyphase.js';

export function matchConvolution(value: Value) {
  const convolution = convolutionRoles(value);
  if (convolution === undefined || convolution.strides[0] !== convolution.strides[1]) return undefined;
  return axesOf(convolution) && convolution;
}

/** Undefined if the convolution has no phases. */
function axesOf({ small, big, kernelShape, strides, padding }: Convolution) {
  const [rows, columns] = [0, 1].map((i) =>
    phaseLinks({
      small: small.shape[2 + i]!,
      big: big.shape[2 + i]!,
      kernel: kernelShape[2 + i]!,
      stride: strides[i]!,
      padding: padding[i]!,
    }),
  );
  return rows && columns ? { rows, columns } : undefined;
}

/** A 1x1 convolution works on any layout that both maps have. */
export const isPointwise = ({ kernelShape, strides, padding }: Convolution) =>
  kernelShape[2] === 1 && kernelShape[3] === 1 && strides[0] === 1 && padding.every((size) => size === 0);

export interface PhaseLink extends PlaneLink {
  small: number;
  big: number;
}

export interface KernelGroup {
  type: KernelType;
  rowsOf: (kernel: Value) => Value;
  /** The plain kernel's type, if these are its rows in its own order; then it is the plan's only group. */
  own?: KernelType;
  gradientOf: (rows: Value) => Value;
  links: readonly PhaseLink[];
}

export interface ConvolutionPlan {
  small: Layout;
  big: Layout;
  kernelGroups: readonly KernelGroup[];
  /** Whether all pixels' channels of the big map are those of one pixel. */
  bigAsPixel?: boolean;
}

/** @param region the maps in the layouts of their regions */
export function planConvolution(
  convolution: Convolution,
  region: Record<'small' | 'big', FeatureMapType>,
): ConvolutionPlan {
  const { kernelShape, strides } = convolution;
  const [small, big, height, width] = kernelShape as Shape4;
  const type: KernelType = { small, big, height, width, block: region.big.block };
  if (isPointwise(convolution)) return planPointwise(convolution, type, region);
  if (isWholePixel(convolution)) return { small: WHOLE, big: WHOLE, kernelGroups: [asPixel(type)], bigAsPixel: true };
  const phases = strides[0]!;
  if (region.big.kind === 'spaceToDepth' && region.big.phases === phases)
    return { small: WHOLE, big: region.big, kernelGroups: [viaSpaceToDepth(type, convolution)] };
  const { rows, columns } = axesOf(convolution)!;
  const links = rows.flatMap((row, i) =>
    columns.flatMap((column, j): PhaseLink[] =>
      row && column ? [{ small: 0, big: i * phases + j, rows: row, columns: column }] : [],
    ),
  );
  return { small: WHOLE, big: { kind: 'blocked', phases }, kernelGroups: [plainGroup(type, links)] };
}

const plainGroup = (type: KernelType, links: readonly PhaseLink[]): KernelGroup => ({
  type,
  own: type,
  links,
  rowsOf: (kernel) => kernelRows(kernel, type),
  gradientOf: (rows) => kernelFromRows(rows, type),
});

/** A matrix product: one pixel on the small side, a kernel as large as the big map. */
const isWholePixel = ({ small, big, kernelShape, padding }: Convolution) =>
  String(small.shape.slice(2)) === '1,1' &&
  String(kernelShape.slice(2)) === String(big.shape.slice(2)) &&
  padding.every((size) => size === 0);

const ONE_TAP: AxisLink = { first: 0, step: 1, taps: 1, shift: 0, small: 1, phase: 1 };

/** Kernel rows (block of S, block of B, pixel) and the big map's memory (block of B, pixel) stay as they are. */
function asPixel(type: KernelType): KernelGroup {
  const big = padded(type.big, type.block) * type.height * type.width;
  const links = [{ small: 0, big: 0, rows: ONE_TAP, columns: ONE_TAP }];
  return { ...plainGroup(type, links), type: { ...type, big, height: 1, width: 1 } };
}

function planPointwise(
  { small }: Convolution,
  type: KernelType,
  region: Record<'small' | 'big', Layout>,
): ConvolutionPlan {
  const inDepth = (['small', 'big'] as const).filter((side) => region[side].kind === 'spaceToDepth');
  const { phases } = region[inDepth[0] ?? (type.big >= type.small ? 'big' : 'small')];
  const axis = (size: number): AxisLink => ({ ...ONE_TAP, small: size / phases, phase: size / phases });
  const [rows, columns] = [axis(small.shape[2]!), axis(small.shape[3]!)];
  const links = Array.from({ length: phases ** 2 }, (_, part): PhaseLink => ({
    small: part,
    big: part,
    rows,
    columns,
  }));
  const blocked: Layout = { kind: 'blocked', phases };
  const plan = { small: blocked, big: blocked };
  const [side, other] = inDepth;
  return side === undefined || other !== undefined
    ? { ...plan, kernelGroups: [plainGroup(type, links)] }
    : { ...plan, [side]: region[side], kernelGroups: links.map((link) => placedIn(side, link, type)) };
}

/** On one side, the channels are those of one phase within a space-to-depth block. */
function placedIn(side: 'small' | 'big', link: PhaseLink, type: KernelType): KernelGroup {
  const axis = side === 'small' ? 0 : 1;
  const channels = type[side];
  const start = link[side] * channels;
  const placed: KernelType = { ...type, [side]: type.block };
  const zeros = (count: number) => [0, 0, 0, 0].with(axis, count);
  return {
    type: placed,
    links: [{ ...link, [side]: 0 }],
    rowsOf: (kernel) => kernelRows(pad(kernel, zeros(start), zeros(type.block - start - channels)), placed),
    gradientOf: (rows) => slice(kernelFromRows(rows, placed), axis, start, start + channels),
  };
}

/**
 * Makes the convolution one of stride 1. In its kernel, each channel (row phase, column phase, c) has the taps that
 * reach its phase, and zeros elsewhere.
 */
function viaSpaceToDepth(type: KernelType, convolution: Convolution): KernelGroup {
  const { rows, columns } = axesOf(convolution)!;
  const span = { rows: spanOf(rows), columns: spanOf(columns) };
  const virtual: KernelType = { ...type, big: type.block, height: span.rows.taps, width: span.columns.taps };
  const { index, inverse } = spaceToDepthIndex(type, virtual, span, convolution);
  return {
    type: virtual,
    links: [{ small: 0, big: 0, ...span }],
    rowsOf(kernel) {
      const elements = concat([reshape(kernel, [inverse.length, 1]), constant([0], [1, 1])], 0);
      return kernelRows(reshape(gather(elements, index, 0), plainShape(virtual)), virtual);
    },
    gradientOf(gradient) {
      const elements = reshape(kernelFromRows(gradient, virtual), [index.length, 1]);
      return reshape(gather(elements, inverse, 0), plainShape(type));
    },
  };
}

/** The link of stride 1 that covers the offsets of all phases. */
function spanOf(phases: readonly (AxisLink | undefined)[]): AxisLink {
  const links = phases.filter((link) => link !== undefined);
  const shift = Math.max(...links.map((link) => link.shift));
  const last = Math.max(...links.map((link) => link.taps - 1 - link.shift));
  return { ...links[0]!, first: 0, step: 1, taps: shift + last + 1, shift };
}

/** Returns each virtual element's plain one, or the zero after them; and the inverse. */
function spaceToDepthIndex(
  type: KernelType,
  virtual: KernelType,
  span: PlaneLink,
  { strides: [stride], padding }: Convolution,
) {
  const { small, big, height, width } = type;
  const zero = sizeOf(plainShape(type));
  const index: number[] = [];
  const inverse = new Array<number>(zero);
  const tapOf = (offset: number, phase: number, side: number) => stride! * offset + phase + padding[side]!;
  for (let s = 0; s < small; s++) {
    for (let channel = 0; channel < virtual.big; channel++) {
      const phase = Math.floor(channel / big);
      for (let y = 0; y < virtual.height; y++) {
        const row = tapOf(y - span.rows.shift, Math.floor(phase / stride!), 0);
        for (let x = 0; x < virtual.width; x++) {
          const column = tapOf(x - span.columns.shift, phase % stride!, 1);
          const exists = phase < stride! ** 2 && row >= 0 && row < height && column >= 0 && column < width;
          const element = exists ? ((s * big + (channel % big)) * height + row) * width + column : zero;
          if (exists) inverse[element] = index.length;
          index.push(element);
        }
      }
    }
  }
  return { index, inverse };
}
