import { quoted } from '../../errors.js';
import { interpolate, type InterpolationOptions } from '../operators/index.js';
import { normalizeAxes, ShapeError } from '../shape.js';
import type { ImportedNode, NodeImporter } from './importedNode.js';
import { numbersOf, requireShape } from './known.js';
import { resizesAsymmetrically } from './opsets.js';

const MODES = ['nearest', 'linear', 'cubic'] as const;
const COORDINATES = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
] as const;
const ROUNDING = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const;

function choose<T extends string>(node: ImportedNode, name: string, choices: readonly T[], fallback: T): T {
  const given = node.text(name, fallback);
  const found = choices.find((choice) => choice === given);
  if (found === undefined) throw new ShapeError(`has ${name} ${quoted(given)}; choose from ${choices.join(', ')}`);
  return found;
}

/** Until operator set 10. */
const ASYMMETRIC = { coordinates: 'asymmetric', nearest: 'floor' } as const;

/** Fills in the axes that a node does not name. */
function ofAllAxes(node: ImportedNode, index: number, others: readonly number[]) {
  const axes = node.ints('axes');
  const given = numbersOf(node.known(index));
  if (axes === undefined) return given;
  const named = normalizeAxes(axes, others.length, node.type);
  if (given.length !== named.length) throw new ShapeError(`expects ${named.length} sizes or scales as input ${index}`);
  return others.map((size, axis) =>
    named.includes(axis) ? given[axes.findIndex((each) => (each + others.length) % others.length === axis)]! : size,
  );
}

/** @param scales,sizes positions of inputs */
function importResize(node: ImportedNode, scales: number, sizes: number, fixed: Partial<InterpolationOptions>) {
  const x = node.value(0);
  node.require('keep_aspect_ratio_policy', 'stretch');
  node.require('antialias', 0);
  const isScaled = node.has(scales) && node.known(scales).data.length > 0;
  const size = isScaled
    ? {
        scales: ofAllAxes(
          node,
          scales,
          x.shape.map(() => 1),
        ),
      }
    : { sizes: ofAllAxes(node, sizes, x.shape) };
  const result = requireShape(size.sizes ?? x.shape.map((length, axis) => Math.floor(length * size.scales[axis]!)));
  // A matrix for each axis that changes.
  for (const [axis, length] of result.entries())
    if (length !== x.shape[axis]) node.budget.charge(length * x.shape[axis]!);
  return interpolate(x, {
    ...size,
    mode: choose(node, 'mode', MODES, 'nearest'),
    coordinates: choose(node, 'coordinate_transformation_mode', COORDINATES, 'half_pixel'),
    nearest: choose(node, 'nearest_mode', ROUNDING, 'round_prefer_floor'),
    cubicCoefficient: node.float('cubic_coeff_a', -0.75),
    excludeOutside: node.int('exclude_outside', 0) === 1,
    ...fixed,
  });
}

export const RESIZING: Record<string, NodeImporter> = {
  Resize: (node) =>
    resizesAsymmetrically(node.opset) ? importResize(node, 1, 3, ASYMMETRIC) : importResize(node, 2, 3, {}),
  Upsample: (node) => importResize(node, 1, 3, ASYMMETRIC),
};
