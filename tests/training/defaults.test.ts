import { describe, expect, it } from 'vitest';
import { render } from '../../src/errors.js';
import { defaultsFor, expectations, MIN_BATCH } from '../../src/training/defaults.js';
import { totalStepsFor } from '../../src/training/trainer.js';
import { tinyConfiguration } from './tinyTraining.js';

describe('defaults for a number of training images', () => {
  it.each([
    [2, ['color'], 2, { steps: 2000 }],
    [18, ['color'], 16, { steps: 2000 }],
    [48, ['color'], 16, { steps: 2000 }],
    [450, [], 32, { steps: 4000 }],
    [4500, [], 32, { steps: 9370 }],
    [50_000, [], 64, { steps: 9370 }],
    [60_000, [], 64, { epochs: 10 }],
    [1_000_000, [], 64, { epochs: 10 }],
  ])('%i: augmentations %o, batch %i, length %o', (images, augment, batch, length) => {
    expect(defaultsFor(images)).toEqual({ augment, batch, length });
  });

  it('have a batch that the images fill, and never a shorter training for more images', () => {
    let before = 0;
    for (let images = MIN_BATCH; images < 100_000; images = Math.ceil(images * 1.07)) {
      const { batch, length } = defaultsFor(images);
      expect(batch).toBeGreaterThanOrEqual(MIN_BATCH);
      expect(batch).toBeLessThanOrEqual(images);
      const steps = totalStepsFor(tinyConfiguration({ batch, length }), images);
      expect(steps, `${images} images`).toBeGreaterThanOrEqual(before);
      before = steps;
    }
  });

  it('adapt the length to a given batch', () => {
    expect(defaultsFor(4500, 4)).toMatchObject({ batch: 4, length: { epochs: 10 } });
    expect(defaultsFor(60_000, 256)).toMatchObject({ batch: 256, length: { steps: 9370 } });
  });
});

describe('expectations', () => {
  const shown = (images: number, steps: number) => expectations(images, steps).map((text) => render(text));

  it('name few images and a short training, with what to do', () => {
    expect(shown(60_000, 9370)).toEqual([]);
    expect(shown(48, 2000)).toEqual([
      expect.stringMatching(/^48 training images are few: .*rough reconstructions of other images$/),
    ]);
    expect(shown(48, 299)).toEqual([
      expect.stringContaining('48 training images'),
      expect.stringMatching(/^299 iterations show rough shapes at best; the default for these images is steps 2000$/),
    ]);
  });
});
