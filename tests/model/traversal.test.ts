import { expect, it, onTestFinished } from 'vitest';
import { decodeTraversal, traverse } from '../../src/model/traversal.js';
import { TrainedModel } from '../../src/model/trainedModel.js';
import { ARCHITECTURES } from '../../src/networks/architecture.js';
import { initialParameters, initialStatistics, type Network } from '../../src/networks/network.js';
import { randomStream } from '../../src/random.js';
import { rowsOf } from '../age/codes.js';
import { expectCloseElements } from '../engine/expectations.js';
import { compileSmall } from '../engine/running.js';

/** A model whose running statistics of codes differ from those of latent samples. */
function modelWithTwoSets(): TrainedModel {
  const pair = ARCHITECTURES.dcgan32.build({ channels: 1, latentSize: 4, width: 2, separateStatistics: true });
  const statistics = (network: Network) => {
    const noise = randomStream(1, network.name).fillNormal(new Float32Array(network.statistics.size));
    return initialStatistics(network).map((value, index) => value + 0.3 * Math.tanh(noise[index]!));
  };
  const model = TrainedModel.of(
    pair,
    'sphere',
    {
      'encoder.parameters': initialParameters(pair.encoder, 1),
      'encoder.statistics': statistics(pair.encoder),
      'generator.parameters': initialParameters(pair.generator, 1).map((value) => 5 * value),
      'generator.statistics': statistics(pair.generator),
    },
    compileSmall,
  );
  onTestFinished(() => model.release());
  return model;
}

it('a traversal through codes of images has their reconstructions, and between them statistics nearer to those of latent samples', async () => {
  const model = modelWithTwoSets();
  // At right angles, so that the distance is 1/2 halfway.
  const points = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1);
  const traversal = { frames: 5 };
  const codes = traverse(model, points, 1, traversal);
  const progress: [number, number][] = [];
  const images = rowsOf(
    await decodeTraversal(model, points, codes, (...step) => progress.push(step)),
    model.imageElements,
  );
  const decoded = async (distance: number) => rowsOf(await model.decode({ z: codes, distance }), model.imageElements);
  const [near, halfway] = [await decoded(0), await decoded(0.5)];
  for (const index of [0, 4, 8]) expectCloseElements(images[index]!, near[index]!, 1e-6);
  for (const index of [2, 6]) expectCloseElements(images[index]!, halfway[index]!, 1e-6);
  expect(images[2]).not.toEqual(near[2]);
  expect(images[1]).not.toEqual(halfway[1]);
  expect([progress[0], progress.at(-1)]).toEqual([
    [0, 9],
    [9, 9],
  ]);
});

it('a great circle has statistics of codes at the images, and of latent samples more than a right angle from both', async () => {
  const model = modelWithTwoSets();
  const traversal = { frames: 8, circle: true };
  const points = Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0);
  const codes = traverse(model, points, 1, traversal);
  const images = rowsOf(await decodeTraversal(model, points, codes), model.imageElements);
  for (const [distance, indices] of [
    [0, [0, 2]],
    [0.5, [1, 3, 7]],
    [1, [4, 5, 6]],
  ] as const) {
    const decoded = rowsOf(await model.decode({ z: codes, distance }), model.imageElements);
    for (const index of indices) expectCloseElements(images[index]!, decoded[index]!, 1e-6);
  }
});
