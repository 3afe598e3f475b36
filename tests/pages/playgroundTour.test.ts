import { describe, expect, it } from 'vitest';
import { latticeOf } from '../../pages/playground/plane/lattice.js';
import { modelOf, optionsOf } from '../../pages/playground/plane/settings.js';
import type { ShapeName } from '../../pages/playground/plane/shapes.js';
import type { PlaneTraining } from '../../pages/playground/plane/training.js';
import type { PlaneView } from '../../pages/playground/plane/view.js';
import { type Phase, STEPS, type TourStep } from '../../pages/playground/tour/steps.js';
import { NETWORK_NAMES } from '../../src/networks/network.js';
import { startPlane } from './planeInNode.js';

async function train(training: PlaneTraining, { settings }: TourStep, [which, count]: Phase): Promise<void> {
  for (let step = 0; step < count; step++)
    for (const network of which === 'both' ? NETWORK_NAMES : [which])
      await training.update(network, optionsOf(settings));
}

/** The views before and after the prediction of a step. */
async function viewsOf(title: string): Promise<[before: PlaneView, after: PlaneView]> {
  const step = STEPS.find((each) => each.title === title)!;
  const training = await startPlane(modelOf(step.settings), step.settings.data as ShapeName);
  if (step.before) await train(training, step, step.before);
  const before = await training.view();
  await train(training, step, step.after!);
  const after = await training.view();
  await training.release();
  return [before, after];
}

const point = (points: Float32Array, index: number) => [points[2 * index]!, points[2 * index + 1]!] as const;
const distance = ([x, y]: readonly [number, number], [u, v]: readonly [number, number]) => Math.hypot(x - u, y - v);
const meanOf = (count: number, value: (index: number) => number): number =>
  Array.from({ length: count }, (_, index) => value(index)).reduce((sum, each) => sum + each, 0) / count;

/** The norm of the mean code: 1 if all are equal, 0 if they are balanced. */
const gathering = (codes: Float32Array): number =>
  Math.hypot(...[0, 1].map((axis) => meanOf(codes.length / 2, (index) => codes[2 * index + axis]!)));
/** The share of samples that are not near data. */
const shareAside = ({ image, shown }: PlaneView): number =>
  meanOf(image.length / 2, (index) => {
    const nearest = Math.min(
      ...Array.from({ length: shown.length / 2 }, (_, other) => distance(point(image, index), point(shown, other))),
    );
    return nearest > 0.1 ? 1 : 0;
  });
const reconstructionError = ({ reconstructions, shown }: PlaneView): number =>
  meanOf(shown.length / 2, (index) => distance(point(reconstructions, index), point(shown, index)));
/** The mean cosine of codes of samples and the codes that they came from. */
const agreement = ({ fakeCodes }: PlaneView): number =>
  meanOf(fakeCodes.length / 2, (index) => {
    const [x, y] = point(latticeOf(2), index % (latticeOf(2).length / 2));
    const [u, v] = point(fakeCodes, index);
    return x * u + y * v;
  });

describe('answers of the tour', () => {
  it('the curve follows the ring, and the encoder returns its codes', async () => {
    const [before, after] = await viewsOf('A circle becomes data');
    expect(shareAside(before)).toBeGreaterThan(0.9);
    expect(shareAside(after)).toBeLessThan(0.05);
    expect(agreement(after)).toBeGreaterThan(0.95);
  });

  it('an encoder that learns alone spreads codes of data, and not of samples', async () => {
    const [before, after] = await viewsOf('Only the encoder learns');
    expect(gathering(before.realCodes)).toBeGreaterThan(0.9);
    expect(gathering(after.realCodes)).toBeLessThan(0.7);
    expect(gathering(after.fakeCodes)).toBeGreaterThan(0.95);
  });

  it('a generator that learns then moves samples towards data', async () => {
    const [before, after] = await viewsOf('The generator answers');
    expect(shareAside(before)).toBeGreaterThan(0.9);
    expect(shareAside(after)).toBeLessThan(0.6);
    expect(gathering(after.fakeCodes)).toBeLessThan(0.5);
  });

  it('reconstructions are far from data without match terms', async () => {
    const [, after] = await viewsOf('Without reconstruction');
    expect(reconstructionError(after)).toBeGreaterThan(0.4);
  });

  it('few samples are in the gap', async () => {
    const [, after] = await viewsOf('Crossing a gap');
    expect(shareAside(after)).toBeGreaterThan(0);
    expect(shareAside(after)).toBeLessThan(0.12);
  });

  it('codes of both classes are all around the circle', async () => {
    const [, after] = await viewsOf('What a code means');
    for (const label of [0, 1]) {
      const own = Array.from(after.labels.keys()).filter((index) => after.labels[index] === label);
      expect(gathering(Float32Array.from(own.flatMap((index) => point(after.realCodes, index))))).toBeLessThan(0.3);
    }
    expect(reconstructionError(after)).toBeLessThan(0.1);
  });
});
