import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromPixels } from '../../src/age/iteration.js';
import type { FeatureMaps } from '../../src/age/imageDistance.js';
import { encoderFeatures, importFeatures } from '../../src/classifiers/featureMaps.js';
import { classifierNetwork } from '../../src/classifiers/dataClassifier.js';
import { graphOf, input } from '../../src/engine/index.js';
import { loadOnnxModel } from '../../src/engine/runtime/onnxModel.node.js';
import { modelExtractor } from '../../src/metrics/modelExtractor.js';
import { initialParameters, initialStatistics } from '../../src/networks/network.js';
import { randomStream } from '../../src/random.js';
import { expectCloseElements } from '../engine/expectations.js';
import { attributeOf, infoOf, modelOf, tensorProto } from '../engine/import/nodeModels.js';
import { compileSmall } from '../engine/running.js';
import { random } from '../engine/tensors.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';

const BATCH = 2;
const FLOAT = 1;

/** Channel means of a convolution, from images [N, C, H, W] or [N, H, W, C]. */
function convolutionModel(shape: readonly (number | string)[], channels: number, isChannelsLast = false) {
  const last = { opType: 'Transpose', input: ['x'], output: ['t'], attribute: [attributeOf('perm', [0, 3, 1, 2])] };
  return modelOf({
    name: 'convolution',
    node: [
      ...(isChannelsLast ? [last] : []),
      { opType: 'Conv', name: 'conv', input: [isChannelsLast ? 't' : 'x', 'w'], output: ['maps'] },
      { opType: 'GlobalAveragePool', input: ['maps'], output: ['means'] },
      { opType: 'Flatten', input: ['means'], output: ['features'] },
    ],
    input: [infoOf('x', FLOAT, shape)],
    output: [infoOf('features', FLOAT, ['n', 4])],
    initializer: [tensorProto('w', random([4, channels, 3, 3], 1))],
  });
}

async function computeMaps(features: FeatureMaps, shape: readonly [number, number, number], images: Uint8Array) {
  const maps = features(fromPixels(input('x', [BATCH, ...shape], 'uint8')));
  const program = await compileSmall(graphOf(Object.fromEntries(maps.entries())));
  const results = await program.run({ x: images });
  await program.release();
  return maps.map((_, index) => results[index]!);
}

describe('features of an imported model', () => {
  const mean = [0.4, 0.5, 0.6];
  const std = [0.2, 0.3, 0.4];

  it.each([
    ['of its size', [3, 8, 8], convolutionModel(['n', 3, 8, 8], 3), {}],
    ['normalized', [3, 8, 8], convolutionModel(['n', 3, 'h', 'w'], 3), { mean, std }],
    ['resized to a fixed size', [3, 8, 8], convolutionModel(['n', 3, 11, 11], 3), { mean: [0.5], std: [0.5] }],
    ['resized to a given size', [1, 8, 8], convolutionModel(['n', 1, 'h', 'w'], 1), { size: 5 }],
    ['in gray for RGB', [1, 8, 8], convolutionModel(['n', 3, 'h', 'h'], 3), { mean, std }],
    ['in RGB for gray', [3, 8, 8], convolutionModel(['n', 1, 8, 8], 1), {}],
    ['with channels last', [3, 8, 8], convolutionModel(['n', 8, 8, 3], 3, true), { mean, std }],
    ['without names of dimensions', [3, 8, 8], convolutionModel(['', 3, '', ''], 3), {}],
  ] as const)('equal those of evaluate for images %s', async (_, shape, bytes, options) => {
    const stream = randomStream(1, 'feature images');
    const images = Uint8Array.from({ length: BATCH * shape[0] * 64 }, () => stream.below(256));
    const file = join(temporaryFolder(), 'model.onnx');
    writeFileSync(file, bytes);
    const extractor = await modelExtractor(await loadOnnxModel(file, 1), { name: file, ...options });
    const { features: expected } = await extractor.extract({ shape, data: images });
    await extractor.release();
    const features = await importFeatures(bytes, shape, BATCH, { name: file, ...options });
    const [actual] = await computeMaps(features, shape, images);
    expectCloseElements(Array.from(actual!.data, Number), Array.from(expected.data), 1e-4, 1);
  });

  it('are the tensors or nodes that are asked for, with channels second', async () => {
    const bytes = convolutionModel(['n', 8, 8, 3], 3, true);
    const features = await importFeatures(bytes, [3, 8, 8], BATCH, {
      name: 'm',
      outputs: ['x', 't', 'conv', 'features'],
    });
    const maps = features(input('x', [BATCH, 3, 8, 8]));
    expect(maps.map(({ shape }) => shape)).toEqual([
      [BATCH, 3, 8, 8],
      [BATCH, 3, 8, 8],
      [BATCH, 4, 6, 6],
      [BATCH, 4],
    ]);
  });

  const image = convolutionModel(['n', 3, 8, 8], 3);
  it.each([
    [convolutionModel([5, 3, 8, 8], 3), {}, 'takes batches of 5 images, not 2; export it with a symbolic batch'],
    [convolutionModel(['n', 4, 8, 8], 4), {}, 'expected an input of 1 or 3 channels, but got 4'],
    [image, { size: 9 }, 'the input has 8 rows, not 9'],
    [image, { mean: [0, 1] }, 'expected one mean value or one per channel, but got 2'],
    [image, { std: [0] }, 'std must be finite and above 0'],
    [image, { outputs: ['fetures'] }, 'no tensor or node is named "fetures", did you mean features?'],
    [
      image,
      { outputs: ['w'] },
      'expected features w of shape [2, C, H, W], [2, T, C] or [2, C], but got float32 [4, 3, 3, 3]',
    ],
    [Uint8Array.of(1, 2, 3), {}, 'not an ONNX model'],
  ])('are rejected in one line if the model does not fit', async (bytes, options, problem) => {
    const importing = () => importFeatures(bytes, [3, 8, 8], BATCH, { name: 'm.onnx', ...options });
    await expectInputError(importing, 'm.onnx: ', problem);
  });
});

describe('features of an encoder', () => {
  it('are its activations, from fine to coarse', () => {
    const network = classifierNetwork({ channels: 1, size: [32, 32] });
    const weights = { parameters: initialParameters(network, 1), statistics: initialStatistics(network) };
    const maps = encoderFeatures(network, weights)(input('x', [BATCH, 1, 32, 32]));
    expect(maps.map(({ shape }) => shape)).toEqual([
      [BATCH, 32, 16, 16],
      [BATCH, 64, 8, 8],
      [BATCH, 128, 4, 4],
    ]);
  });
});
