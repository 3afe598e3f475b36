import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawCodes } from '../../src/age/prior.js';
import { TrainedModel } from '../../src/model/trainedModel.js';
import { type Split, splitInMemory } from '../../src/data/source.js';
import { scoreReconstruction } from '../../src/metrics/reconstruction.js';
import { randomStream } from '../../src/random.js';
import { normOf, rowsOf } from '../age/codes.js';
import { IMAGE_SIZE, LATENT, tinyImages, tinyPair, tinyState } from '../age/tinyGame.js';
import { compileSmall } from '../engine/running.js';
import { expectWithin } from '../expectWithin.js';
import { meanOf } from '../moments.js';

describe('reconstruction metrics', () => {
  let model: TrainedModel;
  let normal: TrainedModel;
  beforeAll(() => {
    model = TrainedModel.of(tinyPair, 'sphere', tinyState(), compileSmall);
    normal = TrainedModel.of(tinyPair, 'normal', tinyState(), compileSmall);
  });
  afterAll(() => Promise.all([model.release(), normal.release()]));

  const splitOf = (count: number): Split => splitInMemory(tinyImages(count, 11), IMAGE_SIZE, null);

  /** The definitions, from one image to the next. */
  async function plainErrors(count: number): Promise<{ l1: number; mse: number }> {
    const images = tinyImages(count, 11);
    const differences: number[] = [];
    for (let image = 0; image < count; image++) {
      const original = images.subarray(image * IMAGE_SIZE, (image + 1) * IMAGE_SIZE);
      const reconstruction = await model.generate({ z: await model.encode({ x: original }) });
      for (let pixel = 0; pixel < IMAGE_SIZE; pixel++)
        differences.push(reconstruction[pixel]! - (original[pixel]! / 127.5 - 1));
    }
    return { l1: meanOf(differences.map(Math.abs)), mse: meanOf(differences.map((difference) => difference ** 2)) };
  }

  // 1003 images are more than are in memory at once.
  it.each([1, 13, 1003])('include the mean errors over the pixels of all %i images', async (count) => {
    const expected = await plainErrors(count);
    const scores = await scoreReconstruction(model, splitOf(count), { draws: 1 });
    expectWithin(scores.reconstruction_l1, expected.l1, 1e-5);
    expectWithin(scores.reconstruction_mse, expected.mse, 1e-5);
  });

  it.each(['sphere', 'normal'] as const)(
    'include the mean cosine of e(g(z)) with z over samples from the %s',
    async (prior) => {
      const given = prior === 'sphere' ? model : normal;
      const codes = drawCodes(prior, 150, LATENT, randomStream(5, 'evaluation codes'));
      const recovered = rowsOf(await given.encodeGenerated({ x: await given.generate({ z: codes }) }), LATENT);
      const cosines = rowsOf(codes, LATENT).map((z, index) => {
        const code = recovered[index]!;
        return z.reduce((sum, value, coordinate) => sum + value * code[coordinate]!, 0) / (normOf(z) * normOf(code));
      });
      const { latent_cosine } = await scoreReconstruction(given, splitOf(1), { draws: 150, seed: 5 });
      expectWithin(latent_cosine, meanOf(cosines), 1e-5);
    },
  );

  it('use 2,000 prior samples of a fixed seed by default', async () => {
    const scores = await scoreReconstruction(model, splitOf(2));
    expect(await scoreReconstruction(model, splitOf(2), { draws: 2000, seed: 0 })).toEqual(scores);
    expect((await scoreReconstruction(model, splitOf(2), { draws: 2000, seed: 1 })).latent_cosine).not.toBe(
      scores.latent_cosine,
    );
  });
});
