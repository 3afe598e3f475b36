import { activationsOf } from './classifierGraph.js';
import { type Compile, concat, graphOf, reduceMean, reshape, slice, type Value } from '../engine/index.js';
import { fromBytes } from '../images/raster.js';
import { runInBatches, type TrainedModel } from '../model/trainedModel.js';
import type { ModelWeights } from '../networks/network.js';
import type { Features } from '../numerics/features.js';
import { balancedScale, commonScale, fitStandardizer, type Standardizer } from '../numerics/standardizer.js';

export type RepresentationName = 'codes' | 'features' | 'pixels';

export interface Representation {
  width: number;
  /** Converts images, bytes [N, C, H, W], to rows [N, width]. */
  of: (images: Uint8Array) => Promise<Features>;
  /** Converts codes e(x) [N, M]; absent if rows need more than codes. */
  ofCodes?: (codes: Float32Array) => Features;
  /** Fits the scale for a regression; absent if rows need none. */
  scaleBy?: (rows: Features) => Standardizer;
  release: () => Promise<void>;
}

export async function representationOf(
  name: RepresentationName,
  model: TrainedModel,
  weights: ModelWeights,
  compile: Compile,
): Promise<Representation> {
  if (name === 'features') return innerFeaturesOf(model, weights, compile);
  return name === 'codes' ? codesOf(model) : pixelsOf(model);
}

const noop = () => Promise.resolve();

/** Scales codes on the sphere so that the variance of a coordinate is about 1. */
function codesOf(model: TrainedModel): Representation {
  const scale = model.prior === 'sphere' ? Math.sqrt(model.latentSize) : 1;
  const ofCodes = (codes: Float32Array): Features => ({
    data: codes.map((coordinate) => coordinate * scale),
    width: model.latentSize,
  });
  return {
    width: model.latentSize,
    of: async (images) => ofCodes(await model.encode({ x: images })),
    ofCodes,
    scaleBy: fitStandardizer,
    release: noop,
  };
}

/** Pixels in [-1, 1]. */
const pixelsOf = (model: TrainedModel): Representation => ({
  width: model.imageElements,
  of: (images) => Promise.resolve({ data: fromBytes(images), width: model.imageElements }),
  release: noop,
});

/** Rows and columns of cells. */
const CELLS = 4;

/**
 * Rows [N, M + 16 C]: codes, which describe what an image shows, and means of activations in 4 x 4 cells, which
 * describe where. The activations are the deepest with at least 2 x 2 pixels per cell. Both have equal weight.
 */
async function innerFeaturesOf(model: TrainedModel, weights: ModelWeights, compile: Compile): Promise<Representation> {
  const codes = codesOf(model);
  const { maps, inputs } = activationsOf(model.pair.encoder);
  // There is one, because every encoder begins with a feature map of at least 16 x 16.
  const cells = cellMeans(maps.findLast(({ shape }) => shape[2]! >= 2 * CELLS)!);
  const innerWidth = cells.shape[1]!;
  const program = await compile(graphOf({ inner: cells }, inputs));
  const feeds = { parameters: weights['encoder.parameters'], statistics: weights['encoder.statistics'] };
  const width = codes.width + innerWidth;
  return {
    width,
    of: async (images) => {
      const codeRows = await codes.of(images);
      const { inner } = await runInBatches(program, {
        feeds,
        items: { x: images },
        count: images.length / model.imageElements,
        widths: { inner: innerWidth },
      });
      return hstack(codeRows, { data: inner, width: innerWidth });
    },
    scaleBy: (rows) => {
      const [codeRows, inner] = splitColumns(rows, codes.width);
      return balancedScale([fitStandardizer(codeRows), commonScale(inner)]);
    },
    release: () => program.release(),
  };
}

/** Converts [N, C, H, W] to [N, 16 C]. */
function cellMeans(map: Value): Value {
  const [count, channels, height, width] = map.shape as [number, number, number, number];
  const strips = (x: Value, axis: number, size: number) =>
    Array.from({ length: CELLS }, (_, part) => slice(x, axis, (part * size) / CELLS, ((part + 1) * size) / CELLS));
  const cells = strips(map, 2, height).flatMap((strip) => strips(strip, 3, width));
  const means = cells.map((cell) => reshape(reduceMean(cell, [2, 3]), [count, channels]));
  return concat(means, 1);
}

function hstack(left: Features, right: Features): Features {
  const width = left.width + right.width;
  const data = new Float32Array((left.data.length / left.width) * width);
  for (let row = 0; row * width < data.length; row++) {
    data.set(left.data.subarray(row * left.width, (row + 1) * left.width), row * width);
    data.set(right.data.subarray(row * right.width, (row + 1) * right.width), row * width + left.width);
  }
  return { data, width };
}

function splitColumns({ data, width }: Features, leftWidth: number): [Features, Features] {
  const columns = (from: number, to: number): Features => ({
    data: data.filter((_, index) => index % width >= from && index % width < to),
    width: to - from,
  });
  return [columns(0, leftWidth), columns(leftWidth, width)];
}
