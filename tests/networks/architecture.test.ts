import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { input, type FlatLayout, type Shape, unpack } from '../../src/engine/index.js';
import {
  ARCHITECTURE_NAMES,
  architectureFor,
  type ArchitectureName,
  ARCHITECTURES,
} from '../../src/networks/architecture.js';
import { forwardEval, forwardTrain } from '../../src/networks/forward.js';
import type { NetworkOptions, NetworkPair } from '../../src/networks/network.js';
import { IMAGE_SIZES } from '../../src/imageSizes.js';
import { expectInputError } from '../rejection.js';

type Shapes = readonly (readonly [name: string, shape: Shape])[];
type Expected = (
  dimensions: NetworkOptions,
) => Record<'encoderParameters' | 'encoderStatistics' | 'generatorParameters' | 'generatorStatistics', Shapes>;

const norm = (name: string, channels: number): Shapes => [
  [`${name}.weight`, [channels]],
  [`${name}.bias`, [channels]],
];
const running = (name: string, channels: number): Shapes => [
  [`${name}.running_mean`, [channels]],
  [`${name}.running_var`, [channels]],
];

const layer = (name: string, shape: Shape, outputs = shape[0]!): Shapes => [
  [`${name}.weight`, shape],
  [`${name}.bias`, [outputs]],
];

/** Widths of the feature maps, from half the image's sides to 4x4, as multiples of n. */
const dcgan =
  (multiples: readonly number[]): Expected =>
  ({ channels, latentSize, width: n }) => {
    const widths = multiples.map((multiple) => multiple * n);
    const deep = widths.toReversed();
    const last = `conv${widths.length + 1}`;
    return {
      encoderParameters: [
        ['encoder.conv1.weight', [n, channels, 4, 4]],
        ...widths
          .slice(1)
          .flatMap((size, index): Shapes => [
            [`encoder.conv${index + 2}.weight`, [size, widths[index]!, 4, 4]],
            ...norm(`encoder.norm${index + 2}`, size),
          ]),
        ...layer(`encoder.${last}`, [latentSize, deep[0]!, 4, 4]),
      ],
      encoderStatistics: widths.slice(1).flatMap((size, index) => running(`encoder.norm${index + 2}`, size)),
      generatorParameters: [
        ...deep.flatMap((size, index): Shapes => [
          [`generator.conv${index + 1}.weight`, [deep[index - 1] ?? latentSize, size, 4, 4]],
          ...norm(`generator.norm${index + 1}`, size),
        ]),
        [`generator.${last}.weight`, [n, channels, 4, 4]],
      ],
      generatorStatistics: deep.flatMap((size, index) => running(`generator.norm${index + 1}`, size)),
    };
  };

/** Widths as above. */
const resnet =
  (multiples: readonly number[]): Expected =>
  ({ channels, latentSize, width: n }) => {
    const widths = multiples.map((multiple) => multiple * n);
    const deepest = widths.at(-1)!;
    const pairs = widths.slice(1).map((deep, index) => [widths[index]!, deep] as const);
    const middle = (network: string) => [
      ...layer(`${network}.middle.conv1`, [deepest, deepest, 3, 3]),
      ...layer(`${network}.middle.conv2`, [deepest, deepest, 3, 3]),
    ];
    return {
      encoderParameters: [
        ...layer('encoder.stem', [n, channels, 3, 3]),
        ...pairs.flatMap(([shallow, deep], index) => [
          ...layer(`encoder.block${index + 1}.conv1`, [shallow, shallow, 3, 3]),
          ...layer(`encoder.block${index + 1}.conv2`, [deep, shallow, 3, 3]),
          ...layer(`encoder.block${index + 1}.shortcut.conv`, [deep, shallow, 1, 1]),
        ]),
        ...middle('encoder'),
        ...layer('encoder.head', [latentSize, deepest, 4, 4]),
      ],
      encoderStatistics: [],
      generatorParameters: [
        ...layer('generator.stem', [latentSize, deepest, 4, 4], deepest),
        ...middle('generator'),
        ...pairs
          .toReversed()
          .flatMap(([shallow, deep], index) => [
            ...layer(`generator.block${index + 1}.conv1`, [shallow, deep, 3, 3]),
            ...layer(`generator.block${index + 1}.conv2`, [shallow, shallow, 3, 3]),
            ...layer(`generator.block${index + 1}.shortcut`, [shallow, deep, 1, 1]),
          ]),
        ...layer('generator.head', [channels, n, 3, 3]),
      ],
      generatorStatistics: [],
    };
  };

/** Every tensor of the networks, in the order of the layers. */
const EXPECTED: Record<ArchitectureName, Expected> = {
  dcgan32: ({ channels, latentSize, width: n }) => ({
    encoderParameters: [
      ['encoder.conv1.weight', [n, channels, 4, 4]],
      ['encoder.conv2.weight', [2 * n, n, 4, 4]],
      ...norm('encoder.norm2', 2 * n),
      ['encoder.conv3.weight', [4 * n, 2 * n, 4, 4]],
      ...norm('encoder.norm3', 4 * n),
      ['encoder.conv4.weight', [latentSize, 4 * n, 4, 4]],
      ['encoder.conv4.bias', [latentSize]],
    ],
    encoderStatistics: [...running('encoder.norm2', 2 * n), ...running('encoder.norm3', 4 * n)],
    generatorParameters: [
      ['generator.conv1.weight', [latentSize, 8 * n, 4, 4]],
      ...norm('generator.norm1', 8 * n),
      ['generator.conv2.weight', [8 * n, 4 * n, 4, 4]],
      ...norm('generator.norm2', 4 * n),
      ['generator.conv3.weight', [4 * n, 2 * n, 4, 4]],
      ...norm('generator.norm3', 2 * n),
      ['generator.conv4.weight', [2 * n, 2 * n, 4, 4]],
      ...norm('generator.norm4', 2 * n),
      ['generator.conv5.weight', [channels, 2 * n, 1, 1]],
      ['generator.conv5.bias', [channels]],
    ],
    generatorStatistics: [
      ...running('generator.norm1', 8 * n),
      ...running('generator.norm2', 4 * n),
      ...running('generator.norm3', 2 * n),
      ...running('generator.norm4', 2 * n),
    ],
  }),
  dcgan64: dcgan([1, 2, 4, 8]),
  dcgan128: dcgan([1, 2, 4, 8, 16]),
  resnet32: resnet([1, 2, 4]),
  resnet64: resnet([1, 2, 4, 8]),
  resnet128: resnet([1, 2, 4, 8, 8]),
};

const shapesIn = ({ entries }: FlatLayout): Shapes => [...entries].map(([name, { shape }]) => [name, shape] as const);

const dimensions = fc.record({
  channels: fc.constantFrom(1, 3),
  latentSize: fc.integer({ min: 2, max: 300 }),
  width: fc.integer({ min: 1, max: 100 }),
});

/** A symbolic pass of each network in each mode: shapes of the results for one shape of the input. */
function resultShapes(pair: NetworkPair, name: 'encoder' | 'generator', count: number): Shape[] {
  const network = pair[name];
  const state = {
    parameters: input('parameters', [network.parameters.size]),
    statistics: input('statistics', [network.statistics.size]),
  };
  const x = input('x', [count, ...network.inputShape]);
  const parameters = unpack(state.parameters, network.parameters);
  return [
    forwardTrain(network, { parameters, statistics: state.statistics, x }).output.shape,
    forwardEval(network, { parameters, statistics: unpack(state.statistics, network.statistics), x }).shape,
  ];
}

describe.each(ARCHITECTURE_NAMES)('%s', (name) => {
  const { build, imageSize } = ARCHITECTURES[name];

  it('has its tensors, named and laid out as in PyTorch, at every size', () => {
    fc.assert(
      fc.property(dimensions, (sizes) => {
        const { encoder, generator } = build(sizes);
        expect({
          encoderParameters: shapesIn(encoder.parameters),
          encoderStatistics: shapesIn(encoder.statistics),
          generatorParameters: shapesIn(generator.parameters),
          generatorStatistics: shapesIn(generator.statistics),
        }).toEqual(EXPECTED[name](sizes));
      }),
    );
  });

  it('maps images to codes and codes to images, in training and inference, at every size', () => {
    fc.assert(
      fc.property(dimensions, fc.integer({ min: 2, max: 9 }), (sizes, count) => {
        const pair = build(sizes);
        const image = [count, sizes.channels, imageSize, imageSize];
        expect([count, ...pair.encoder.inputShape]).toEqual(image);
        expect(resultShapes(pair, 'encoder', count)).toEqual([
          [count, sizes.latentSize, 1, 1],
          [count, sizes.latentSize, 1, 1],
        ]);
        expect([count, ...pair.generator.inputShape]).toEqual([count, sizes.latentSize, 1, 1]);
        expect(resultShapes(pair, 'generator', count)).toEqual([image, image]);
      }),
      { numRuns: 20 },
    );
  });
});

describe('the number of parameters at the published sizes', () => {
  it('of dcgan32 for cifar10 is that of the published code', () => {
    const { encoder, generator } = ARCHITECTURES.dcgan32.build({ channels: 3, latentSize: 128, width: 64 });
    expect(encoder.parameters.size).toBe(
      3 * 64 * 16 + 64 * 128 * 16 + 2 * 128 + 128 * 256 * 16 + 2 * 256 + 256 * 128 * 16 + 128,
    );
    expect(generator.parameters.size).toBe(
      128 * 512 * 16 +
        2 * 512 +
        512 * 256 * 16 +
        2 * 256 +
        256 * 128 * 16 +
        2 * 128 +
        128 * 128 * 16 +
        2 * 128 +
        128 * 3 +
        3,
    );
  });

  it('of dcgan64 for celeba is that of the published code', () => {
    const { encoder, generator } = ARCHITECTURES.dcgan64.build({ channels: 3, latentSize: 64, width: 64 });
    expect(encoder.parameters.size).toBe(
      3 * 64 * 16 + 64 * 128 * 16 + 2 * 128 + 128 * 256 * 16 + 2 * 256 + 256 * 512 * 16 + 2 * 512 + 512 * 64 * 16 + 64,
    );
    expect(generator.parameters.size).toBe(
      64 * 512 * 16 +
        2 * 512 +
        512 * 256 * 16 +
        2 * 256 +
        256 * 128 * 16 +
        2 * 128 +
        128 * 64 * 16 +
        2 * 64 +
        64 * 3 * 16,
    );
  });
});

describe('architectureFor', () => {
  it('finds the architecture for an image size', () => {
    expect(architectureFor(32)).toBe('dcgan32');
    expect(architectureFor(64)).toBe('dcgan64');
  });

  it('is the one of the table of defaults, whatever other architectures of the size are called', () => {
    for (const { size, architecture } of IMAGE_SIZES) {
      expect(architectureFor(size)).toBe(architecture);
      expect(ARCHITECTURES[architecture].imageSize).toBe(size);
    }
  });

  it('lists the supported sizes if none fits', async () => {
    await expectInputError(
      () => architectureFor(48),
      'size: no architecture supports 48',
      '32 (dcgan32)',
      '64 (dcgan64)',
    );
  });
});
