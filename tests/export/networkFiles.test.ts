import { InferenceSession, Tensor } from 'onnxruntime-node';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { drawCodes } from '../../src/age/prior.js';
import { classCondition } from '../../src/conditions/classes.js';
import { encodeNetworks, type NetworkFile } from '../../src/export/networkFiles.js';
import { PRECISIONS } from '../../src/export/precision.js';
import { TrainedModel } from '../../src/model/trainedModel.js';
import { ARCHITECTURES } from '../../src/networks/architecture.js';
import {
  createNetwork,
  initialParameters,
  initialStatistics,
  mapWeights,
  type NetworkPair,
} from '../../src/networks/network.js';
import { randomStream } from '../../src/random.js';
import { IMAGE, IMAGE_SIZE, LATENT, tinyImages, tinyPair, tinyState } from '../age/tinyGame.js';
import { densityByClass } from '../density/codes.js';
import { expectCloseElements } from '../engine/expectations.js';
import { compileSmall } from '../engine/running.js';

const { encoder, generator } = tinyPair;
const separatePair: NetworkPair = {
  encoder: createNetwork('encoder', encoder.layers, encoder.inputShape, { separateStatistics: true }),
  generator: createNetwork('generator', generator.layers, generator.inputShape, { separateStatistics: true }),
};

/** A model whose two sets of running statistics differ. */
function modelOf(pair: NetworkPair, prior: 'sphere' | 'normal' = 'sphere'): TrainedModel {
  const { 'encoder.parameters': encoderParameters, 'generator.parameters': generatorParameters } = tinyState();
  const statistics = (size: number, name: string) =>
    randomStream(3, name)
      .fillNormal(new Float32Array(size))
      .map((value) => 1 + value ** 2);
  const weights = {
    'encoder.parameters': encoderParameters,
    'generator.parameters': generatorParameters,
    'encoder.statistics': statistics(pair.encoder.statistics.size, 'encoder'),
    'generator.statistics': statistics(pair.generator.statistics.size, 'generator'),
  };
  return TrainedModel.of(pair, prior, weights, compileSmall);
}

async function runFile(bytes: Uint8Array | undefined, feeds: Record<string, Tensor>): Promise<number[]> {
  const session = await InferenceSession.create(bytes!);
  const [result] = Object.values(await session.run(feeds));
  await session.release();
  return Array.from(result!.data as Float32Array);
}

const codesOf = (count: number) => drawCodes('sphere', count, LATENT, randomStream(1, 'codes'));
const tensorOf = (data: Float32Array, ...shape: number[]) =>
  new Tensor('float32', data, [data.length / shape.reduce((a, b) => a * b), ...shape]);
const toUnit = (images: Float32Array) => Array.from(images, (value) => (value + 1) / 2);

describe('exported networks', () => {
  it.each(PRECISIONS)(
    'compute what the model computes with their weights, for any number of items (%s)',
    async (precision) => {
      const model = modelOf(separatePair);
      const { files, model: stored } = await encodeNetworks(model, precision);
      for (const count of [1, 3]) {
        const [codes, images] = [codesOf(count), tinyImages(count, 2)];
        expectCloseElements(
          await runFile(files.generator, { codes: tensorOf(codes, LATENT) }),
          toUnit(await stored.generate({ z: codes })),
          1e-5,
          1,
        );
        const unit = Float32Array.from(images, (byte) => byte / 255);
        expectCloseElements(
          await runFile(files.encoder, { images: tensorOf(unit, ...IMAGE) }),
          Array.from(await stored.encode({ x: images })),
          1e-5,
          1,
        );
        for (const distance of [0, 0.3, 1]) {
          const feeds = { codes: tensorOf(codes, LATENT), distance: new Tensor('float32', [distance], [1]) };
          expectCloseElements(
            await runFile(files.decoder, feeds),
            toUnit(await stored.decode({ z: codes, distance })),
            1e-5,
            1,
          );
        }
      }
      expect(precision === 'float32').toBe(
        stored.weights['generator.parameters'].every(
          (value, index) => value === model.weights['generator.parameters'][index],
        ),
      );
      await model.release();
    },
  );

  it('have no decoder if the generator has one set of running statistics', async () => {
    const model = modelOf(tinyPair, 'normal');
    const { files } = await encodeNetworks(model);
    expect(Object.keys(files)).toEqual(['generator', 'encoder'] satisfies NetworkFile[]);
    const images = tinyImages(2, 5);
    const unit = Float32Array.from(images, (byte) => byte / 255);
    expectCloseElements(
      await runFile(files.encoder, { images: tensorOf(unit, ...IMAGE) }),
      Array.from(await model.encode({ x: images })),
      1e-5,
      1,
    );
    expect(unit).toHaveLength(2 * IMAGE_SIZE);
    await model.release();
  });

  it('are standard ONNX that states its metadata, and names its tensors', async () => {
    const model = modelOf(separatePair);
    const { files } = await encodeNetworks(model, 'float32', { prior: 'sphere' });
    for (const bytes of Object.values(files)) {
      const { opsetImport, metadataProps, graph } = fromBinary(ModelProtoSchema, bytes);
      expect(opsetImport.map(({ domain, version }) => [domain, version])).toEqual([['', 18n]]);
      expect(metadataProps.map(({ key, value }) => [key, value])).toEqual([
        ['precision', 'float32'],
        ['prior', 'sphere'],
      ]);
      expect(graph!.initializer.map(({ name }) => name)).toContain(
        bytes === files.encoder ? 'encoder.conv1.weight' : 'generator.conv1.weight',
      );
    }
    await model.release();
  });
});

describe('exported networks of a conditional model', () => {
  it.each(['sphere', 'normal'] as const)('recenter codes by an input, as the model does (%s)', async (prior) => {
    const options = { channels: 1, latentSize: 8, width: 2, separateStatistics: true, condition: classCondition(3) };
    const pair = ARCHITECTURES.dcgan32.build(options);
    const weights = mapWeights((network, part) =>
      part === 'parameters' ? initialParameters(pair[network], 1) : initialStatistics(pair[network]),
    );
    const model = TrainedModel.of(pair, prior, weights, compileSmall).withDensity(densityByClass());
    const { files } = await encodeNetworks(model);
    const z = drawCodes(prior, 2, 8, randomStream(1, 'codes'));
    const y = Float32Array.of(0, 1, 0, 0, 0, 0);
    const [codes, condition] = [tensorOf(z, 8), tensorOf(y, 3)];
    expectCloseElements(
      await runFile(files.generator, { codes, condition }),
      toUnit(await model.generate({ z, y })),
      1e-5,
    );
    expectCloseElements(
      await runFile(files.decoder, { codes, condition, distance: new Tensor('float32', [0.3], [1]) }),
      toUnit(await model.decode({ z, y, distance: 0.3 })),
      1e-5,
    );
    const x = Uint8Array.from({ length: 2 * 1024 }, (_, index) => (index * 7) % 256);
    const images = tensorOf(
      Float32Array.from(x, (byte) => byte / 255),
      1,
      32,
      32,
    );
    expectCloseElements(
      await runFile(files.encoder, { images, condition }),
      Array.from(await model.encode({ x, y })),
      1e-5,
    );
    expect(await model.generate({ z })).not.toEqual(await model.generate({ z, y }));
    expect(await model.drawingFromPrior().encode({ x, y })).toEqual(await model.encode({ x, y }));
    expect(await model.withDensity(undefined).encode({ x, y })).not.toEqual(await model.encode({ x, y }));
    await model.release();
  });
});
