import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { drawCodes } from '../../src/age/prior.js';
import { TrainedModel } from '../../src/model/trainedModel.js';
import {
  initialParameters,
  initialStatistics,
  type InputKind,
  type ModelWeights,
  NETWORK_NAMES,
  type NetworkName,
  type NetworkPair,
} from '../../src/networks/network.js';
import { fromBytes, toBytes } from '../../src/images/raster.js';
import { ARCHITECTURES } from '../../src/networks/architecture.js';
import { type Compile, tensorViews } from '../../src/engine/index.js';
import { randomStream } from '../../src/random.js';
import { expectCloseElements } from '../engine/expectations.js';
import { compileSmall } from '../engine/running.js';
import { expectWithin } from '../expectWithin.js';
import { encode32, generate32 } from '../networks/plainNetworks.js';
import { normOf, onSphere, rowsOf } from '../age/codes.js';
import { IMAGE_SIZE, LATENT, tinyImages, tinyPair, tinyState } from '../age/tinyGame.js';

const codes = (count: number) => drawCodes('sphere', count, LATENT, randomStream(1, 'model codes'));

describe('a trained model', () => {
  let model: TrainedModel;
  beforeAll(() => {
    model = TrainedModel.of(tinyPair, 'sphere', tinyState(), compileSmall);
  });
  afterAll(() => model.release());

  it('reports the sizes of its codes and images', () => {
    expect([model.latentSize, model.imageElements, model.prior]).toEqual([LATENT, IMAGE_SIZE, 'sphere']);
  });

  it.each([1, 3, 99, 100, 101, 250])('encodes and generates %i at a time as one by one', async (count) => {
    const images = tinyImages(count, 2);
    const encoded = await model.encode({ x: images });
    const generated = await model.generate({ z: codes(count) });
    expect([encoded.length, generated.length]).toEqual([count * LATENT, count * IMAGE_SIZE]);
    for (const index of new Set([0, Math.floor(count / 2), count - 1])) {
      const code = await model.encode({ x: images.subarray(index * IMAGE_SIZE, (index + 1) * IMAGE_SIZE) });
      expectCloseElements(Array.from(encoded.subarray(index * LATENT, (index + 1) * LATENT)), Array.from(code), 1e-6);
      const image = await model.generate({ z: codes(count).subarray(index * LATENT, (index + 1) * LATENT) });
      expectCloseElements(
        Array.from(generated.subarray(index * IMAGE_SIZE, (index + 1) * IMAGE_SIZE)),
        Array.from(image),
        1e-6,
      );
    }
  });

  it('returns the same results whatever else is in the batch', async () => {
    const image = tinyImages(1, 3);
    const others = [4, 5].map((seed) => tinyImages(20, seed));
    const [first, second] = await Promise.all(
      others.map(async (batch) =>
        (await model.encode({ x: Uint8Array.from([...image, ...batch]) })).subarray(0, LATENT),
      ),
    );
    expect(first).toEqual(second);
  });

  it('maps empty input to empty output', async () => {
    expect(await model.encode({ x: new Uint8Array(0) })).toEqual(new Float32Array(0));
    expect(await model.generate({ z: new Float32Array(0) })).toEqual(new Float32Array(0));
  });

  it('encodes values like the bytes that they represent', async () => {
    const images = tinyImages(7, 6);
    expectCloseElements(
      Array.from(await model.encodeGenerated({ x: fromBytes(images) })),
      Array.from(await model.encode({ x: images })),
      1e-5,
    );
  });

  it('has codes of length 1 on the sphere, and any length under the normal prior', async () => {
    const normal = TrainedModel.of(tinyPair, 'normal', tinyState(), compileSmall);
    onTestFinished(() => normal.release());
    const images = tinyImages(9, 7);
    const onTheSphere = await model.encode({ x: images });
    const free = await normal.encode({ x: images });
    for (const code of rowsOf(onTheSphere, LATENT)) expectWithin(normOf(code), 1, 1e-6);
    expect(rowsOf(free, LATENT).filter((code) => Math.abs(normOf(code) - 1) < 0.01)).toEqual([]);
    expectCloseElements(Array.from(onSphere(free, LATENT)), Array.from(onTheSphere), 1e-5);
  });

  it('generates pixels within [-1, 1]', async () => {
    for (const value of await model.generate({ z: codes(5) })) expect(Math.abs(value)).toBeLessThanOrEqual(1);
  });

  it('does not modify its input', async () => {
    const [images, given] = [tinyImages(3), codes(3)];
    await model.encode({ x: images });
    await model.generate({ z: given });
    expect([images, given]).toEqual([tinyImages(3), codes(3)]);
  });

  it('uses other weights with the same programs', async () => {
    const other = model.withWeights(tinyState(2));
    const separate = TrainedModel.of(tinyPair, 'sphere', tinyState(2), compileSmall);
    onTestFinished(() => separate.release());
    const images = tinyImages(4);
    const before = await model.encode({ x: images });
    expect(await other.encode({ x: images })).toEqual(await separate.encode({ x: images }));
    expect(await model.encode({ x: images })).toEqual(before);
    expect(await other.encode({ x: images })).not.toEqual(before);
  });
});

it('a trained model compiles again after a failure, and can be released', async () => {
  let failures = 1;
  const compile: Compile = (graph) => (failures-- > 0 ? Promise.reject(new Error('no memory')) : compileSmall(graph));
  const model = TrainedModel.of(tinyPair, 'sphere', tinyState(), compile);
  await expect(model.encode({ x: tinyImages(1) })).rejects.toThrow('no memory');
  expect(await model.encode({ x: tinyImages(1) })).toHaveLength(LATENT);
  failures = 1;
  const generated = model.generate({ z: codes(1) });
  await Promise.all([model.release(), expect(generated).rejects.toThrow('no memory')]);
});

it('a trained model uses the running statistics', async () => {
  const dimensions = { channels: 1, latentSize: 4, width: 2 };
  const pair = ARCHITECTURES.dcgan32.build(dimensions);
  const noise = (network: NetworkName, size: number) => randomStream(1, network).fillNormal(new Float32Array(size));
  const weights = Object.fromEntries(
    NETWORK_NAMES.flatMap((network) => [
      [`${network}.parameters`, initialParameters(pair[network], 1).map((value) => 5 * value)],
      [
        `${network}.statistics`,
        initialStatistics(pair[network]).map((value, index) => value + 0.2 * Math.tanh(noise(network, 1000)[index]!)),
      ],
    ]),
  ) as unknown as ModelWeights;
  const tensors = Object.assign(
    {},
    ...NETWORK_NAMES.flatMap((network) => [
      tensorViews(weights[`${network}.parameters`], pair[network].parameters),
      tensorViews(weights[`${network}.statistics`], pair[network].statistics),
    ]),
  ) as Record<string, Float32Array>;
  const model = TrainedModel.of(pair, 'sphere', weights, compileSmall);
  onTestFinished(() => model.release());

  const z = drawCodes('sphere', 2, 4, randomStream(1, 'plain codes'));
  const images = await model.generate({ z });
  const plainImages = generate32({ tensors, ...dimensions }, { count: 2, channels: 4, size: 1, data: Array.from(z) });
  expectCloseElements(Array.from(images), plainImages.data, 1e-5);

  const bytes = toBytes(images);
  const plainCodes = encode32(
    { tensors, ...dimensions },
    { count: 2, channels: 1, size: 32, data: Array.from(bytes, (byte) => byte / 127.5 - 1) },
  );
  expectCloseElements(
    Array.from(await model.encode({ x: bytes })),
    Array.from(onSphere(Float32Array.from(plainCodes.data), 4)),
    1e-4,
  );
});

describe('a trained model with separate running statistics', () => {
  const dimensions = { channels: 1, latentSize: 4, width: 2 };
  const [shared, apart] = [false, true].map((each) =>
    ARCHITECTURES.dcgan32.build({ ...dimensions, separateStatistics: each }),
  ) as [NetworkPair, NetworkPair];
  const noisy = (network: NetworkName, name: string, size: number) =>
    initialStatistics(shared[network]).map(
      (value, index) =>
        value + 0.3 * Math.tanh(randomStream(1, `${network} ${name}`).fillNormal(new Float32Array(size))[index]!),
    );
  const parameters = (network: NetworkName) => initialParameters(shared[network], 1).map((value) => 5 * value);
  const weightsWith = (statistics: (network: NetworkName) => Float32Array) =>
    Object.fromEntries(
      NETWORK_NAMES.flatMap((network) => [
        [`${network}.parameters`, parameters(network)],
        [`${network}.statistics`, statistics(network)],
      ]),
    ) as unknown as ModelWeights;
  const set = (network: NetworkName, kind: InputKind) => noisy(network, kind, shared[network].statistics.size);
  const modelOf = (pair: NetworkPair, statistics: (network: NetworkName) => Float32Array): TrainedModel => {
    const model = TrainedModel.of(pair, 'sphere', weightsWith(statistics), compileSmall);
    onTestFinished(() => model.release());
    return model;
  };

  it('normalizes native inputs by native statistics, and generated inputs by generated statistics', async () => {
    const model = modelOf(apart, (network) =>
      Float32Array.from([...set(network, 'native'), ...set(network, 'generated')]),
    );
    const [own, made] = [
      modelOf(shared, (network) => set(network, 'native')),
      modelOf(shared, (network) => set(network, 'generated')),
    ];
    const z = drawCodes('sphere', 3, 4, randomStream(1, 'apart codes'));
    const draws = await model.generate({ z });
    const bytes = toBytes(draws);
    expect(draws).toEqual(await own.generate({ z }));
    expect(await model.decode({ z })).toEqual(await made.generate({ z }));
    expect(await model.decode({ z })).not.toEqual(draws);
    expect(await model.encode({ x: bytes })).toEqual(await own.encode({ x: bytes }));
    expect(await model.encodeGenerated({ x: draws })).toEqual(await made.encodeGenerated({ x: draws }));
    expect(await model.encodeGenerated({ x: draws })).not.toEqual(await own.encodeGenerated({ x: draws }));
  });

  it('decodes codes at a distance from those of images with statistics nearer to those of latent samples', async () => {
    const [native, generated] = (['native', 'generated'] as const).map(
      (kind) => (network: NetworkName) => set(network, kind),
    ) as [typeof parameters, typeof parameters];
    const model = modelOf(apart, (network) => Float32Array.from([...native(network), ...generated(network)]));
    const between = modelOf(shared, (network) =>
      native(network).map((value, index) => (value + generated(network)[index]!) / 2),
    );
    const z = drawCodes('sphere', 3, 4, randomStream(1, 'apart codes'));
    expectCloseElements(
      Array.from(await model.decode({ z, distance: 0.5 })),
      Array.from(await between.generate({ z })),
      1e-5,
    );
    expectCloseElements(
      Array.from(await model.decode({ z, distance: 1 })),
      Array.from(await model.generate({ z })),
      1e-5,
    );
    expect(await model.decode({ z, distance: 0 })).toEqual(await model.decode({ z }));
    expect(await between.decode({ z, distance: 0.5 })).toEqual(await between.decode({ z }));
  });

  it('decodes codes as it generates from samples if statistics are shared', async () => {
    const model = modelOf(shared, (network) => set(network, 'native'));
    const z = drawCodes('sphere', 3, 4, randomStream(1, 'apart codes'));
    expect(await model.decode({ z })).toEqual(await model.generate({ z }));
  });
});
