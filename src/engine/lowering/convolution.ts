import type { Shape } from '../shape.js';
import type { ComputedValue, Value } from '../value.js';

/** Conv takes big to small, ConvTranspose small to big, the kernel's gradient takes both. */
export interface Convolution {
  result: 'small' | 'big' | 'kernel';
  small: Value;
  big: Value;
  /** [S, B, kh, kw], absent if it is the result. */
  kernel?: Value;
  kernelShape: Shape;
  bias?: Value | undefined;
  strides: readonly number[];
  /** Top, left. */
  padding: readonly number[];
}

/** False for one value per channel. */
export const isFeatureMap = (shape: Shape) => shape.length === 4 && (shape[0]! > 1 || shape[2]! * shape[3]! > 1);

/** Windows of pooling, of one channel, would only fill a block with zeros. */
const isPooling = ([, kernel]: readonly Value[]) => kernel?.kind === 'constant' && kernel.shape[1] === 1;

/** Undefined for other operators, for dilation and groups, and for pooling. */
export function convolutionRoles(value: Value): Convolution | undefined {
  if (value.kind !== 'computed' || value.operator.domain !== undefined) return undefined;
  const { strides, pads, dilations } = value.attributes as Record<'strides' | 'pads' | 'dilations', readonly number[]>;
  const roles = matchRoles(value);
  if (roles === undefined || value.attributes.group !== 1 || dilations.some((step) => step !== 1)) return undefined;
  if (isPooling(value.inputs)) return undefined;
  const areMaps = isFeatureMap(roles.small.shape) && isFeatureMap(roles.big.shape);
  return areMaps ? { ...roles, strides, padding: pads.slice(0, 2) } : undefined;
}

function matchRoles(value: ComputedValue): Omit<Convolution, 'strides' | 'padding'> | undefined {
  const [first, second, bias] = value.inputs as [Value, Value, Value?];
  switch (value.operator.name) {
    case 'Conv':
      return { result: 'small', small: value, big: first, kernel: second, kernelShape: second.shape, bias };
    case 'ConvTranspose':
      return { result: 'big', small: first, big: value, kernel: second, kernelShape: second.shape, bias };
    case 'KernelGradient':
      return { result: 'kernel', small: second, big: first, kernelShape: value.shape };
    default:
      return undefined;
  }
}
