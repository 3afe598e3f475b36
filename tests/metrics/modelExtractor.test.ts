import { describe, expect, it } from 'vitest';
import type { TensorInfo } from '../../src/engine/index.js';
import type { ComparableImages } from '../../src/images/raster.js';
import { modelExtractor, type ModelExtractorOptions, type OnnxModel } from '../../src/metrics/modelExtractor.js';
import { expectInputError } from '../rejection.js';

type Shape = TensorInfo['shape'];
const image = (shape: Shape, type = 'float32'): TensorInfo => ({ name: 'image', type, shape });
const OPEN: Shape = ['N', 3, 'H', 'W'];

interface FakeModel extends OnnxModel {
  /** Shapes that the model was run on. */
  shapes: (readonly number[])[];
  released: boolean;
}

/** A model whose features are its input, and whose probabilities are 1 for a single class. */
function echo(inputs: readonly TensorInfo[], outputs = ['features']): FakeModel {
  const shapes: (readonly number[])[] = [];
  const model: FakeModel = {
    inputs,
    outputs: outputs.map((name) => ({ name, type: 'float32', shape: [] })),
    shapes,
    released: false,
    run: (_, data, shape, wanted) => {
      shapes.push(shape);
      const results = {
        features: { shape: [shape[0]!, data.length / shape[0]!], data },
        classes: { shape: [shape[0]!, 1], data: new Float32Array(shape[0]!).fill(1) },
      };
      return Promise.resolve(Object.fromEntries(wanted.map((name) => [name, results[name as keyof typeof results]])));
    },
    release: () => {
      model.released = true;
      return Promise.resolve();
    },
  };
  return model;
}

const options = (changes: Partial<ModelExtractorOptions> = {}): ModelExtractorOptions => ({
  name: 'model.onnx',
  ...changes,
});
type Bytes = ComparableImages & { data: Uint8Array };
const gray = (...levels: number[]): Bytes => ({ shape: [1, 1, 1], data: Uint8Array.from(levels) });

async function featuresOf(shape: Shape, images: Bytes, changes?: Partial<ModelExtractorOptions>): Promise<number[]> {
  const extractor = await modelExtractor(echo([image(shape)]), options(changes));
  return Array.from((await extractor.extract(images)).features.data, (value) => Number(value.toFixed(4)));
}

describe('features of an external model', () => {
  it('are computed from pixels in [0, 1], minus a mean and divided by a standard deviation', async () => {
    expect(await featuresOf(['N', 1, 1, 1], gray(0, 51, 255))).toEqual([0, 0.2, 1]);
    expect(await featuresOf(['N', 1, 1, 1], gray(0, 255), { mean: [0.5], std: [0.25] })).toEqual([-2, 2]);
    const rgb: Bytes = { shape: [3, 1, 1], data: Uint8Array.of(255, 255, 255) };
    expect(await featuresOf(['N', 3, 1, 1], rgb, { mean: [0, 0.5, 1], std: [1, 2, 4] })).toEqual([1, 0.25, 0]);
  });

  it('repeat grayscale for a model of RGB, and average RGB for one of grayscale', async () => {
    expect(await featuresOf(['N', 3, 1, 1], gray(51))).toEqual([0.2, 0.2, 0.2]);
    expect(await featuresOf(['N', 1, 1, 1], { shape: [3, 1, 1], data: Uint8Array.of(0, 51, 102) })).toEqual([0.2]);
    expect(await featuresOf(['N', 'C', 'H', 'W'], gray(51), { channels: 3 })).toEqual([0.2, 0.2, 0.2]);
  });

  it('have the channels last if the model declares them there', async () => {
    const rgb: Bytes = { shape: [3, 1, 2], data: Uint8Array.of(0, 255, 51, 102, 153, 204) };
    expect(
      await featuresOf(['N', 'H', 'W', 3], { shape: [3, 2, 2], data: Uint8Array.from([...rgb.data, ...rgb.data]) }),
    ).toEqual(
      // Planes R 0 255 51 102, G 153 204 0 255, B 51 102 153 204.
      [0, 0.6, 0.2, 1, 0.8, 0.4, 0.2, 0, 0.6, 0.4, 1, 0.8],
    );
  });

  it('are computed at the size of the model, or at the requested one', async () => {
    const ramp: Bytes = { shape: [1, 2, 2], data: Uint8Array.of(0, 51, 102, 153) };
    expect(await featuresOf(['N', 1, 1, 1], ramp)).toEqual([0.3]);
    expect(await featuresOf(['N', 1, 'H', 'W'], ramp, { size: 1 })).toEqual([0.3]);
    expect(await featuresOf(['N', 1, 'H', 'W'], ramp)).toEqual([0, 0.2, 0.4, 0.6]);
  });

  it('are computed in batches of a fixed size, without rows for the images that fill the last one', async () => {
    const model = echo([image([2, 1, 1, 1])]);
    const extractor = await modelExtractor(model, options());
    const { features } = await extractor.extract(gray(0, 51, 102));
    expect([features.width, Array.from(features.data, (value) => Number(value.toFixed(4)))]).toEqual([
      1,
      [0, 0.2, 0.4],
    ]);
    expect(model.shapes.every(([batch]) => batch === 2)).toBe(true);
  });

  it('come with class probabilities if an output for them is named', async () => {
    const extractor = await modelExtractor(
      echo([image(['N', 1, 1, 1])], ['features', 'classes']),
      options({ output: 'features', probabilities: 'classes' }),
    );
    expect((await extractor.extract(gray(1, 2))).probabilities).toEqual({ data: Float32Array.of(1, 1), width: 1 });
    expect(extractor.name).toBe('model.onnx, output features');
  });

  it('release the model with the extractor', async () => {
    const model = echo([image(OPEN)]);
    await (await modelExtractor(model, options())).release();
    expect(model.released).toBe(true);
  });
});

describe('an external model is rejected in one line', () => {
  const cases: readonly (readonly [string, FakeModel, Partial<ModelExtractorOptions>, readonly string[]])[] = [
    ['without an image input', echo([image(['N', 5])]), {}, ['expected one image input', 'image float32 [N, 5]']],
    ['with two inputs', echo([image(OPEN), image(OPEN)]), {}, ['expected one image input']],
    ['with a different element type', echo([image(OPEN, 'uint8')]), {}, ['expected one image input', 'uint8']],
    ['with four channels', echo([image(['N', 4, 8, 8])]), {}, ['an input of 1 or 3 channels, but got 4']],
    ['with an input that is not square', echo([image(['N', 3, 8, 9])]), {}, ['a square input, but got 8x9']],
    [
      'with a size that is not the requested one',
      echo([image(['N', 3, 8, 8])]),
      { size: 9 },
      ['the input has 8 rows, not 9'],
    ],
    [
      'with several outputs of which none is named',
      echo([image(OPEN)], ['features', 'classes']),
      {},
      ['several outputs', 'features, classes'],
    ],
    [
      'without the named output',
      echo([image(OPEN)]),
      { output: 'pool' },
      ['unknown output pool; choose from features'],
    ],
    [
      'with an input that does not fit into memory',
      echo([image(['N', 3, 1e6, 1e6])]),
      {},
      ['its input of 50 images of 1000000x1000000x3 has 150000000000000 values'],
    ],
    [
      'with a batch that does not fit into memory',
      echo([image([1e9, 3, 8, 8])]),
      {},
      ['its input of 1000000000 images of 8x8x3 has 192000000000 values'],
    ],
    ['with two means', echo([image(OPEN)]), { mean: [0, 1] }, ['one mean value or one per channel, but got 2']],
    ['with a standard deviation of 0', echo([image(OPEN)]), { std: [0] }, ['std must be finite and above 0, but is 0']],
  ];
  it.each(cases)('%s', async (_, model, changes, texts) => {
    await expectInputError(() => modelExtractor(model, options(changes)), 'model.onnx: ', ...texts);
  });

  it('whose features are not one row per image', async () => {
    const model: OnnxModel = {
      ...echo([image(OPEN)]),
      run: () => Promise.resolve({ features: { shape: [7], data: new Float32Array(7) } }),
    };
    await expectInputError(
      () => modelExtractor(model, options()),
      'expected output features of shape [50, D], but got [7]',
    );
  });

  it('whose features are not finite', async () => {
    const whole = echo([image(['N', 1, 1, 1])]);
    let runs = 0;
    const run: OnnxModel['run'] = (...call) =>
      runs++ === 0 ? whole.run(...call) : Promise.resolve({ features: { shape: [1, 1], data: Float32Array.of(NaN) } });
    const extractor = await modelExtractor({ ...whole, run }, options());
    await expectInputError(() => extractor.extract(gray(1)), 'model.onnx');
  });
});
