import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawCodes } from '../../src/age/prior.js';
import { toBytes } from '../../src/images/raster.js';
import { refineImages, requirePasses } from '../../src/model/refinement.js';
import { TrainedModel } from '../../src/model/trainedModel.js';
import { randomStream } from '../../src/random.js';
import { normOf, rowsOf } from '../age/codes.js';
import { IMAGE_SIZE, LATENT, tinyPair, tinyState } from '../age/tinyGame.js';
import { compileSmall } from '../engine/running.js';
import { expectWithin } from '../expectWithin.js';

let model: TrainedModel;
let x: Float32Array;
beforeAll(async () => {
  model = TrainedModel.of(tinyPair, 'sphere', tinyState(), compileSmall);
  x = await model.generate({ z: drawCodes('sphere', 100, LATENT, randomStream(1, 'model codes')) });
});
afterAll(() => model.release());

const reconstruct = async (images: Float32Array) => model.decode({ z: await model.encode({ x: toBytes(images) }) });

/** Runs a function on a model whose decoded codes and distances are recorded. */
async function decodedBy(refine: (recording: TrainedModel) => Promise<unknown>) {
  const calls: { angles: number[]; distance: number }[] = [];
  let codes = new Float32Array(0);
  const recording: Pick<TrainedModel, 'prior' | 'latentSize' | 'imageElements' | 'encode' | 'decode'> = {
    ...{ prior: 'sphere', latentSize: LATENT, imageElements: IMAGE_SIZE },
    encode: async (inputs) => (codes = new Float32Array(await model.encode(inputs))).slice(),
    decode: ({ z, distance = 0 }) => {
      const before = rowsOf(codes, LATENT);
      const angles = rowsOf(z, LATENT).map((row, index) => {
        expectWithin(normOf(row), 1, 1e-6);
        return Math.acos(
          Math.min(
            1,
            row.reduce((sum, value, at) => sum + value * before[index]![at]!, 0),
          ),
        );
      });
      calls.push({ angles, distance });
      return model.decode({ z, distance });
    },
  };
  await refine(recording as TrainedModel);
  return calls;
}

describe('refinement', () => {
  it('reconstructs images, once by default', async () => {
    const once = await reconstruct(x);
    expect(await refineImages(model, { x }, { refine: 0 })).toEqual(x);
    expect(await refineImages(model, { x })).toEqual(once);
    expect(await refineImages(model, { x }, { refine: 2 })).toEqual(await reconstruct(once));
    expect(once).not.toEqual(x);
  });

  it('moves codes by less in each pass, and decodes them at that distance from codes of images', async () => {
    const calls = await decodedBy((recording) => refineImages(recording, { x }, { refine: 4, refineNoise: 0.8 }));
    expect(calls.map(({ distance }) => distance)).toEqual(
      [0.8, 0.6, 0.4, 0.2].map((spread) => Math.sin((spread * Math.PI) / 2) ** 2),
    );
    const means = calls.map(({ angles }) => angles.reduce((sum, angle) => sum + angle) / angles.length);
    for (const [index, mean] of means.entries()) {
      expect(mean).toBeGreaterThan(0.01);
      if (index > 0) expect(mean).toBeLessThan(means[index - 1]!);
    }
    const [plain] = await decodedBy((recording) => refineImages(recording, { x }, { refine: 1 }));
    expect(plain!.distance).toBe(0);
    plain!.angles.forEach((angle) => expectWithin(angle, 0, 1e-3));
  });

  it('adds the same noise to an image whatever else is refined with it', async () => {
    const options = { refine: 2, refineNoise: 0.5 };
    const all = await refineImages(model, { x }, options);
    const first = await refineImages(model, { x: x.slice(0, IMAGE_SIZE) }, options);
    expect(first).toEqual(all.slice(0, IMAGE_SIZE));
    expect(await refineImages(model, { x }, options, (index) => randomStream(5, 'other noise', index))).not.toEqual(
      all,
    );
  });

  it('refuses noise that no pass would add', () => {
    expect(() => requirePasses({ refine: 0, refineNoise: 0.1 })).toThrow(
      'refineNoise 0.1: has no effect with refine 0',
    );
    for (const options of [{}, { refine: 0 }, { refineNoise: 0.1 }, { refine: 1, refineNoise: 1 }])
      requirePasses(options);
  });
});
