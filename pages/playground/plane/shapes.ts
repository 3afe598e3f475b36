/** Distributions of points in the plane, about within [-1, 1]². */
import { randomStream, type RandomStream } from '../../../src/random.js';

type Point = readonly [x: number, y: number];

/** Every shape has two classes. */
export const CLASSES = 2;

/** Points [N, 2], and the class of each. */
export interface LabeledPoints {
  points: Float32Array;
  labels: Uint8Array;
}

/** The standard deviation of the noise around each shape. */
const NOISE = 0.03;

const polar = (radius: number, angle: number): Point => [radius * Math.cos(angle), radius * Math.sin(angle)];

/** Of shapes without parts, the upper and the lower half. */
const byHalf = (point: Point): readonly [Point, number] => [point, point[1] > 0 ? 0 : 1];

/** Draws one point of each shape, before noise, and its class. */
const SHAPES = {
  ring: (stream) => byHalf(polar(0.75, 2 * Math.PI * stream.uniform())),
  rings: (stream) => {
    const isInner = stream.uniform() < 0.3;
    return [polar(isInner ? 0.35 : 0.8, 2 * Math.PI * stream.uniform()), isInner ? 0 : 1];
  },
  moons: (stream) => {
    const [x, y] = polar(0.55, Math.PI * stream.uniform());
    return stream.uniform() < 0.5 ? [[x - 0.27, y - 0.15], 0] : [[0.27 - x, 0.15 - y], 1];
  },
  spirals: (stream) => {
    const [arm, along] = [stream.below(2), Math.sqrt(stream.uniform())];
    return [polar(0.9 * along, 1.25 * Math.PI * along * 2 + Math.PI * arm), arm];
  },
  clusters: (stream) => {
    const cluster = stream.below(6);
    const [center, radius] = [polar(0.7, (2 * Math.PI * cluster) / 6), 0.1 * Math.sqrt(stream.uniform())];
    const [x, y] = polar(radius, 2 * Math.PI * stream.uniform());
    return [[center[0] + x, center[1] + y], cluster % 2];
  },
  disk: (stream) => byHalf(polar(0.85 * Math.sqrt(stream.uniform()), 2 * Math.PI * stream.uniform())),
} satisfies Record<string, (stream: RandomStream) => readonly [Point, number]>;

export type ShapeName = keyof typeof SHAPES;
export const SHAPE_NAMES = Object.keys(SHAPES) as ShapeName[];

/** The data: a shape by name, or points [N, 2] that the visitor has drawn, at least one. */
export type PlaneData = ShapeName | Float32Array;

/** Points in a view. */
const SHOWN = 600;

/** The points of the data that views show. */
export const shownPoints = (data: PlaneData, seed: number): LabeledPoints =>
  drawData(data, SHOWN, randomStream(seed, 'shown'));

/** Draws points of the data. Those that the visitor has drawn are all of one class. */
export function drawData(data: PlaneData, count: number, stream: RandomStream): LabeledPoints {
  const points = stream.fillNormal(new Float32Array(2 * count));
  const labels = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    const [[x, y], label] =
      typeof data === 'string' ? SHAPES[data](stream) : [pointOf(data, stream.below(data.length / 2)), 0];
    points[2 * index] = NOISE * points[2 * index]! + x;
    points[2 * index + 1] = NOISE * points[2 * index + 1]! + y;
    labels[index] = label;
  }
  return { points, labels };
}

const pointOf = (points: Float32Array, index: number): Point => [points[2 * index]!, points[2 * index + 1]!];
