import { describe, expect, it } from 'vitest';
import { fitDensity } from '../../src/density/fitDensity.js';
import { changedConditions, conditionsOfImages } from '../../src/model/imageConditions.js';
import { normalRows } from '../metrics/samples.js';
import { tinyConfiguration, tinyModel } from '../training/tinyTraining.js';

const x = new Uint8Array(3 * 1024).map((_, at) => (7 * at) % 251);
const nothing = { labels: [null, null, null] };
const attributes = [
  { name: 'kind', values: ['cat', 'dog'] },
  { name: 'age', low: 0, high: 10 },
];

/** A model that predicts the second class of each image, and the value 0.25. */
function predictingModel() {
  const configuration = tinyConfiguration({ condition: 'attributes:labels.csv', attributes });
  const codes = normalRows(20, configuration.latent, 1);
  const predictor = new Float32Array(4 * (configuration.latent + 1));
  predictor[2 * (configuration.latent + 1) - 1] = 1;
  predictor[4 * (configuration.latent + 1) - 1] = 0.25;
  return tinyModel(configuration).withDensity({ ...fitDensity({ codes }), predictor });
}

describe('conditions of images', () => {
  it('are predicted where they are unknown', async () => {
    const descriptions = [{ kind: 'cat', age: '5' }, { kind: 'cat' }, {}];
    const y = await conditionsOfImages(predictingModel(), { x, labels: null, descriptions });
    expect(Array.from(y!)).toEqual([1, 0, 1, 0, 1, 0, 1, 0.25, 0, 1, 1, 0.25]);
  });

  it('stay unknown without a density', async () => {
    const model = tinyModel(tinyConfiguration({ condition: 'class', classes: ['a', 'b'] }));
    expect(Array.from((await conditionsOfImages(model, { x, labels: [1, null, 0] }))!)).toEqual([0, 1, 0, 0, 1, 0]);
  });

  it('are the pictures that images show, of models that need them', async () => {
    const small = tinyModel(tinyConfiguration({ condition: 'small:8' }));
    expect(await conditionsOfImages(small, { x, ...nothing })).toEqual(small.condition!.of({ x, labels: null }));
    expect(await conditionsOfImages(tinyModel(tinyConfiguration({ condition: 'mask' })), { x, ...nothing })).toBe(
      undefined,
    );
    expect(await conditionsOfImages(tinyModel(), { x, ...nothing })).toBe(undefined);
  });

  it('change in what another condition knows', () => {
    const changed = changedConditions(
      predictingModel(),
      Float32Array.of(1, 0, 1, 0.5, 0, 1, 1, -1),
      Float32Array.of(0, 1, 0, 0),
    );
    expect(Array.from(changed)).toEqual([0, 1, 1, 0.5, 0, 1, 1, -1]);
  });
});
