/** What a convolution is in the blocked graph: links between the parts of a small and a big map, and the kernels they carry. */
import { concat, pad, reshape, slice } from '../../operators/index.js';
import { sizeOf } from '../../shape.js';
import { constant, type Value } from '../../value.js';
import { type Convolution, convolutionRoles } from '../convolution.js';
import { gatherRows } from './operators.js';
import { kernelFromRows, kernelRows, type KernelType } from './kernels.js';
import { type Layout, padded, WHOLE } from './layout.js';
import { type AxisLink, phaseLinks } from './polyphase.js';

/** The roles of a value that is a convolution which blocked layouts can express, or undefined. */
export function matchConvolution(value: Value): Convolution | undefined {
  const convolution = convolutionRoles(value);
  return convolution && convolution.strides[0] === convolution.strides[1] && axesOf(convolution)
    ? convolution
    : undefined;
}

/** Links along rows and columns, or undefined if the convolution has no phases. */
function axesOf({
  small,
  big,
  kernelShape,
  strides,
  padding,
}: Pick<Convolution, 'small' | 'big' | 'kernelShape' | 'strides' | 'padding'>) {
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

/** A 1x1 convolution works on any layout, as long as both maps have the same. */
export const isPointwise = ({ kernelShape, strides, padding }: Convolution): boolean =>
  kernelShape[2] === 1 && kernelShape[3] === 1 && strides[0] === 1 && padding.every((size) => size === 0);

/** The link of two parts. */
export interface PhaseLink {
  readonly small: number;
  readonly big: number;
  readonly rows: AxisLink;
  readonly columns: AxisLink;
}

/** Links that share a kernel. */
export interface KernelGroup {
  readonly type: KernelType;
  /** The kernel's rows, made of the plain kernel. */
  readonly rowsOf: (kernel: Value) => Value;
  /** The type whose rows these are, if they are those of the plain kernel in its own order. */
  readonly own?: KernelType;
  /** What a gradient of these rows contributes to the plain kernel's gradient. */
  readonly gradientOf: (rows: Value) => Value;
  readonly links: readonly PhaseLink[];
}

/** A convolution between two layouts. */
export interface ConvolutionPlan {
  readonly smallLayout: Layout;
  readonly bigLayout: Layout;
  readonly kernelGroups: readonly KernelGroup[];
  /** Whether the big map is seen as one pixel, whose channels are all its pixels' channels. */
  readonly bigAsPixel: boolean;
}

/** The layouts in which a convolution is done, and its links there, given the layouts that its maps' regions have. */
export function planConvolution(
  convolution: Convolution,
  smallRegion: Layout,
  bigRegion: Layout,
  block: number,
): ConvolutionPlan {
  const { kernelShape, strides } = convolution;
  const type: KernelType = {
    small: kernelShape[0]!,
    big: kernelShape[1]!,
    height: kernelShape[2]!,
    width: kernelShape[3]!,
    block,
  };
  if (isPointwise(convolution)) return planPointwise(convolution, type, smallRegion, bigRegion);
  const { rows, columns } = axesOf(convolution)!;
  if (isWholePixel(convolution))
    return { smallLayout: WHOLE, bigLayout: WHOLE, kernelGroups: [asPixel(type)], bigAsPixel: true };
  if (bigRegion.kind === 'spaceToDepth' && bigRegion.phases === strides[0]) {
    return {
      smallLayout: WHOLE,
      bigLayout: bigRegion,
      kernelGroups: [viaSpaceToDepth(type, rows, columns)],
      bigAsPixel: false,
    };
  }
  const links = rows.flatMap((row, i) =>
    columns.map((column, j): PhaseLink => ({ small: 0, big: i * columns.length + j, rows: row, columns: column })),
  );
  return {
    smallLayout: WHOLE,
    bigLayout: { kind: 'blocked', phases: strides[0]! },
    kernelGroups: [plainGroup(type, links)],
    bigAsPixel: false,
  };
}

const plainGroup = (type: KernelType, links: readonly PhaseLink[]): KernelGroup => ({
  type,
  own: type,
  links,
  rowsOf: (kernel) => kernelRows(kernel, type),
  gradientOf: (rows) => kernelFromRows(rows, type),
});

/** One pixel on the small side and a kernel as large as the big map: every product is used, as in a matrix product. */
const isWholePixel = ({ small, big, kernelShape, padding }: Convolution): boolean =>
  small.shape[2] === 1 &&
  small.shape[3] === 1 &&
  kernelShape[2] === big.shape[2] &&
  kernelShape[3] === big.shape[3] &&
  padding.every((size) => size === 0);

const ONE_TAP: AxisLink = { first: 0, step: 1, taps: 1, shift: 0, small: 1, phase: 1 };

/** Kernel rows are ordered (block of S, block of B, pixel), and the big map's memory (block of B, pixel): both stay as they are. */
function asPixel(type: KernelType): KernelGroup {
  const pixels: KernelType = {
    ...type,
    big: padded(type.big, type.block) * type.height * type.width,
    height: 1,
    width: 1,
  };
  return { ...plainGroup(type, [{ small: 0, big: 0, rows: ONE_TAP, columns: ONE_TAP }]), type: pixels };
}

/** The 1x1 case: each phase by itself, or all phases in a space-to-depth block. */
function planPointwise(
  { small }: Convolution,
  type: KernelType,
  smallRegion: Layout,
  bigRegion: Layout,
): ConvolutionPlan {
  const depthOf = [smallRegion, bigRegion].find(({ kind }) => kind === 'spaceToDepth');
  const phases = depthOf?.phases ?? (type.big >= type.small ? bigRegion : smallRegion).phases;
  const axis = (size: number): AxisLink => ({ ...ONE_TAP, small: size / phases, phase: size / phases });
  const [rows, columns] = [axis(small.shape[2]!), axis(small.shape[3]!)];
  const blocked: Layout = { kind: 'blocked', phases };
  const count = phases * phases;
  if (smallRegion.kind === 'spaceToDepth' && bigRegion.kind !== 'spaceToDepth') {
    const kernelGroups = Array.from({ length: count }, (_, phase) =>
      placedIn('small', phase, type, [{ small: 0, big: phase, rows, columns }]),
    );
    return { smallLayout: smallRegion, bigLayout: blocked, kernelGroups, bigAsPixel: false };
  }
  if (bigRegion.kind === 'spaceToDepth' && smallRegion.kind !== 'spaceToDepth') {
    const kernelGroups = Array.from({ length: count }, (_, phase) =>
      placedIn('big', phase, type, [{ small: phase, big: 0, rows, columns }]),
    );
    return { smallLayout: blocked, bigLayout: bigRegion, kernelGroups, bigAsPixel: false };
  }
  const links = Array.from({ length: count }, (_, phase): PhaseLink => ({ small: phase, big: phase, rows, columns }));
  return { smallLayout: blocked, bigLayout: blocked, kernelGroups: [plainGroup(type, links)], bigAsPixel: false };
}

/** A 1x1 kernel whose channels on one side are those of one phase within a space-to-depth block. */
function placedIn(side: 'small' | 'big', phase: number, type: KernelType, links: readonly PhaseLink[]): KernelGroup {
  const axis = side === 'small' ? 0 : 1;
  const channels = type[side];
  const start = phase * channels;
  const placed: KernelType = { ...type, [side]: type.block };
  const zeros = (count: number) => [0, 1, 2, 3].map((i) => (i === axis ? count : 0));
  return {
    type: placed,
    links,
    rowsOf: (kernel) => kernelRows(pad(kernel, zeros(start), zeros(type.block - start - channels)), placed),
    gradientOf: (rows) => slice(kernelFromRows(rows, placed), axis, start, start + channels),
  };
}

/**
 * A strided convolution of a map whose phases share a space-to-depth block: one of stride 1 by a kernel in which each channel (row phase,
 * column phase, c) has the taps that reach its phase, and zeros elsewhere.
 */
function viaSpaceToDepth(type: KernelType, rows: readonly AxisLink[], columns: readonly AxisLink[]): KernelGroup {
  const [rowSpan, columnSpan] = [spanOf(rows), spanOf(columns)];
  const virtual: KernelType = { ...type, big: type.block, height: rowSpan.taps, width: columnSpan.taps };
  const { index, inverse } = spaceToDepthIndex(type, virtual, rows, columns, rowSpan, columnSpan);
  const size = type.small * type.big * type.height * type.width;
  return {
    type: virtual,
    links: [{ small: 0, big: 0, rows: rowSpan, columns: columnSpan }],
    rowsOf(kernel) {
      const elements = concat([reshape(kernel, [size, 1]), constant([0], [1, 1])], 0);
      return kernelRows(
        reshape(gatherRows(elements, index), [type.small, type.block, rowSpan.taps, columnSpan.taps]),
        virtual,
      );
    },
    gradientOf(gradient) {
      const elements = reshape(kernelFromRows(gradient, virtual), [
        sizeOf([type.small, type.block, rowSpan.taps, columnSpan.taps]),
        1,
      ]);
      return reshape(gatherRows(elements, inverse), [type.small, type.big, type.height, type.width]);
    },
  };
}

/** The link of stride 1 that covers the offsets of all phases. */
function spanOf(links: readonly AxisLink[]): AxisLink {
  const shift = Math.max(...links.map((link) => link.shift));
  const last = Math.max(...links.map((link) => link.taps - 1 - link.shift));
  return { ...links[0]!, first: 0, step: 1, taps: shift + last + 1, shift };
}

/** For each element of the virtual kernel its element of the plain one (or the zero after them), and the other way round. */
function spaceToDepthIndex(
  type: KernelType,
  virtual: KernelType,
  rows: readonly AxisLink[],
  columns: readonly AxisLink[],
  rowSpan: AxisLink,
  columnSpan: AxisLink,
) {
  const zero = type.small * type.big * type.height * type.width;
  const index = new Array<number>(virtual.small * virtual.big * virtual.height * virtual.width).fill(zero);
  const inverse = new Array<number>(zero);
  for (let s = 0; s < type.small; s++) {
    rows.forEach((row, i) =>
      columns.forEach((column, j) => {
        for (let c = 0; c < type.big; c++) {
          for (let t = 0; t < row.taps; t++) {
            for (let u = 0; u < column.taps; u++) {
              const channel = (i * columns.length + j) * type.big + c;
              const place =
                ((s * virtual.big + channel) * virtual.height + (t - row.shift + rowSpan.shift)) * virtual.width +
                (u - column.shift + columnSpan.shift);
              const element =
                ((s * type.big + c) * type.height + row.first + row.step * t) * type.width +
                column.first +
                column.step * u;
              index[place] = element;
              inverse[element] = place;
            }
          }
        }
      }),
    );
  }
  return { index, inverse };
}
