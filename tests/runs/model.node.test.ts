import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { channelsLast } from '../../src/images/raster.js';
import { type Images, loadModel, type Model, openSource, readImages } from '../../src/node.js';
import { onSphere } from '../age/codes.js';
import { resultOf } from '../cli/runCommand.js';
import { bytesIn, makePicture, makeTinyRun } from '../cli/tinyRun.js';
import { writeImages } from '../data/imageFiles.js';
import { expectCloseElements } from '../engine/expectations.js';
import { errorOf, expectInputError } from '../rejection.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { tinyConfiguration } from '../training/tinyTraining.js';

const cwd = sharedTemporaryFolder();
const at = (name: string) => join(cwd, name);
const FILES = ['one.png', 'two.webp', 'three.png'];
let model: Model;
let normal: Model;
const warnings: string[] = [];

/** Runs a command that writes an archive, and returns its arrays. */
async function written(...args: readonly string[]): Promise<Record<string, Uint8Array>> {
  await resultOf([...args, '--out', 'result.npz', '--threads', '1'], cwd);
  return unzipSync(readFileSync(at('result.npz')));
}

const expectSame = (images: Images, npy: Uint8Array | undefined) => {
  const { shape, data } = bytesIn(npy);
  expect(shape).toEqual([images.count, images.shape[1], images.shape[2], images.shape[0]]);
  expect(channelsLast(images)).toEqual(Uint8Array.from(data));
};

beforeAll(async () => {
  vi.stubEnv('AGENET_CACHE', at('cache'));
  await makeTinyRun(at('run'));
  await makeTinyRun(at('normal'), tinyConfiguration({ prior: 'normal' }));
  await makePicture(at('one.png'), 0, 255);
  await makePicture(at('two.webp'), 200, 40);
  await makePicture(at('three.png'), 90, 120);
  const shades = Array.from(
    { length: 24 },
    (_, n) => [`${n < 12 ? 'dark' : 'light'}/${n}.png`, n < 12 ? n : 200 + n] as const,
  );
  await writeImages(at('shades'), Object.fromEntries(shades));
  await resultOf(
    ['attribute', 'run', 'shades', '--with', 'light', '--without', 'dark', '--name', 'shade', '--threads', '1'],
    cwd,
  );
  await resultOf(
    ['probe', 'run', 'shades', '--labels', 'all', '--methods', 'codes', '--save', 'shade', '--threads', '1'],
    cwd,
  );
  model = await loadModel(at('run'), { threads: 1, onWarning: (message) => void warnings.push(message) });
  normal = await loadModel(at('normal'), { threads: 1 });
});
afterAll(async () => {
  await model.release();
  await normal.release();
});

describe('a loaded model', () => {
  it('samples what the command writes', async () => {
    expectSame(
      await model.sample({ count: 5, seed: 7 }),
      (await written('sample', 'run', '--count', '5', '--seed', '7'))['arr_0.npy'],
    );
    expectSame(await model.sample(), (await written('sample', 'run'))['arr_0.npy']);
    expectSame(await model.sample({ seeds: [4, 6] }), (await written('sample', 'run', '--seeds', '4-6'))['arr_0.npy']);
    expectSame(
      await normal.sample({ count: 3, temperature: 0.5 }),
      (await written('sample', 'normal', '--count', '3', '--temperature', '0.5'))['arr_0.npy'],
    );
  });

  it('refines samples as the command does: by reconstructing them', async () => {
    const command = ['sample', 'run', '--count', '5', '--seed', '7'];
    const samples = await model.sample({ count: 5, seed: 7, refine: 0 });
    expectSame(samples, (await written(...command, '--refine', '0'))['arr_0.npy']);
    const once = await model.sample({ count: 5, seed: 7 });
    expect((await model.reconstruct(samples.toRasters())).data).toEqual(once.data);
    const noisy = { count: 5, seed: 7, refine: 2, refineNoise: 0.4 };
    expectSame(
      await model.sample(noisy),
      (await written(...command, '--refine', '2', '--refine-noise', '0.4'))['arr_0.npy'],
    );
    expect((await model.sample({ ...noisy, count: 2 })).data).toEqual(
      (await model.sample(noisy)).data.subarray(0, 2 * 32 * 32),
    );
    expect((await model.sample({ ...noisy, seeds: [7, 8], count: undefined, seed: undefined })).data).toEqual(
      Uint8Array.from(
        Buffer.concat(
          await Promise.all([7, 8].map(async (seed) => (await model.sample({ ...noisy, count: 1, seed })).data)),
        ),
      ),
    );
  });

  it('samples around an image, and along an attribute', async () => {
    const options = { count: 3, like: at('one.png'), spread: 0.2, along: 'shade', by: -0.3 };
    const flags = ['--count', '3', '--like', 'one.png', '--spread', '0.2', '--along', 'shade', '--by', '-0.3'];
    expectSame(await model.sample(options), (await written('sample', 'run', ...flags))['arr_0.npy']);
    expect(warnings).toEqual([]);
  });

  it('samples the same in batches', async () => {
    const whole = await model.sample({ count: 1001, seed: 2 });
    const counts: number[] = [];
    const parts: Uint8Array[] = [];
    for await (const batch of await model.sampleBatches({ count: 1001, seed: 2 })) {
      counts.push(batch.count);
      parts.push(batch.data);
    }
    expect(counts).toEqual([500, 500, 1]);
    expect(Buffer.concat(parts).equals(whole.data)).toBe(true);
  });

  it('encodes and reconstructs what the commands write', async () => {
    const codes = await model.encode(FILES.map(at));
    expect(codes).toHaveLength(3 * model.latentSize);
    const source = await openSource(at('shades'), model.configuration);
    const files = Array.from({ length: source.train.count }, (_, index) =>
      join(at('shades'), source.train.nameOf!(index)),
    );
    const { data, shape } = bytesIn((await written('encode', 'run', 'shades', '--split', 'train'))['codes.npy']);
    const encoded = await model.encode(files);
    expect(shape).toEqual([files.length, 8]);
    expect(Buffer.from(encoded.buffer).equals(data)).toBe(true);
    expectSame(
      await model.reconstruct(FILES.map(at)),
      (await written('reconstruct', 'run', ...FILES))['reconstruction.npy'],
    );
    const moved = await written('reconstruct', 'run', 'one.png', '--along', 'shade');
    expectSame(await model.reconstruct(at('one.png'), { along: 'shade' }), moved['reconstruction.npy']);
    expect((await model.decode(codes)).data).toEqual((await model.reconstruct(FILES.map(at))).data);
  });

  it('decodes codes halfway between two images to what it interpolates', async () => {
    const ends = FILES.slice(0, 2).map(at);
    const codes = await model.encode(ends);
    const between = Float32Array.from({ length: 8 }, (_, index) => codes[index]! + codes[8 + index]!);
    const [halfway] = (await model.decode(onSphere(between, 8), { distance: 0.5 })).toRasters();
    const [, middle] = (await model.interpolate(ends, { frames: 3 })).toRasters();
    expectCloseElements(Array.from(halfway!.data), Array.from(middle!.data), 1 / 255);
  });

  it('interpolates what the command writes', async () => {
    const [files, paths] = [FILES.slice(0, 2), FILES.slice(0, 2).map(at)];
    expectSame(
      await model.interpolate(paths, { frames: 4 }),
      (await written('interpolate', 'run', ...files, '--frames', '4'))['arr_0.npy'],
    );
    const loop = await written('interpolate', 'run', ...FILES, '--loop', '--frames', '4');
    expectSame(await model.interpolate(FILES.map(at), { frames: 4, loop: true }), loop['arr_0.npy']);
    const circles = await written('interpolate', 'run', '--circle', '--rows', '2', '--frames', '6', '--seed', '3');
    expectSame(await model.interpolate([], { frames: 6, rows: 2, circle: true, seed: 3 }), circles['arr_0.npy']);
    expect((await model.interpolate([], { rows: 3, frames: 7 })).columns).toBe(7);
  });

  it('classifies as the command does', async () => {
    const { images } = await resultOf(['classify', 'run', ...FILES, '--threads', '1'], cwd);
    const classified = await model.classify(FILES.map(at));
    expect(classified.map((each, index) => ({ file: FILES[index], ...each }))).toEqual(images);
    expect(await model.classify(at('one.png'), { probe: 'shade' })).toEqual(classified.slice(0, 1));
    expect((await model.readProbe()).origin.class_names).toEqual(['dark', 'light']);
  });

  it('computes the same for concurrent calls', async () => {
    const alone = [await model.sample({ count: 3, seed: 1 }), await model.sample({ count: 3, seed: 2 })];
    const together = await Promise.all([1, 2, 1, 2].map((seed) => model.sample({ count: 3, seed })));
    expect(together.map(({ data }) => data)).toEqual([...alone, ...alone].map(({ data }) => data));
  });

  it('uses raw weights on request, as the command does', async () => {
    const file = await makeTinyRun(at('averaged'), tinyConfiguration({ ema: 0.9 }));
    const raw = await loadModel(file, { ema: false, threads: 1 });
    const averaged = await loadModel(file, { threads: 1 });
    expectSame(
      await raw.sample({ count: 2 }),
      (await written('sample', file, '--count', '2', '--no-ema'))['arr_0.npy'],
    );
    expectSame(await averaged.sample({ count: 2 }), (await written('sample', file, '--count', '2'))['arr_0.npy']);
    expect([raw.step, raw.configuration.ema, raw.prior]).toEqual([3, 0.9, 'sphere']);
    await raw.release();
    await averaged.release();
  });

  it('takes images as paths, URLs, bytes, pixels and instances of sharp', async () => {
    const path = at('one.png');
    const expected = await model.encode(path);
    const { data, info } = await sharp(path).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
    const raster = { width: info.width, height: info.height, channels: 1, data };
    const batch = await readImages(path, model.configuration);
    for (const image of [
      new URL(`file://${path}`),
      readFileSync(path),
      Uint8Array.from(readFileSync(path)),
      sharp(path),
      raster,
      batch,
    ]) {
      expect(await model.encode(image)).toEqual(expected);
    }
    expect(await model.encode([path, sharp(path)])).toEqual(Float32Array.of(...expected, ...expected));
  });

  it('waits for calls in progress when it is released, and computes nothing afterwards', async () => {
    const other = await loadModel(at('run'), { threads: 1 });
    const started = other.sample({ count: 4, seed: 7 });
    await Promise.resolve();
    await Promise.all([other[Symbol.asyncDispose](), started]);
    expect((await started).data).toEqual((await model.sample({ count: 4, seed: 7 })).data);
    expect(await errorOf(() => other.sample())).toMatchObject({ message: 'model: already released' });
    await other.release();
  });
});

describe('a loaded model refuses, in one line,', () => {
  const cases: readonly [title: string, call: () => Promise<unknown>, texts: readonly string[]][] = [
    ['a spread without an image', () => model.sample({ spread: 0.5 }), ['spread: requires like']],
    ['a distance without an attribute', () => model.sample({ by: 0.5 }), ['by 0.5: requires along']],
    [
      'an unknown attribute',
      () => model.reconstruct(at('one.png'), { along: 'shape' }),
      ['no attribute "shape"', 'did you mean shade?'],
    ],
    ['an unknown probe', () => model.classify(at('one.png'), { probe: 'shape' }), ['no probe "shape"', 'shade']],
    ['a run without probes', () => normal.classify(at('one.png')), ['no probe in this run']],
    ['no samples', () => model.sample({ count: 0 }), ['count: must be a whole number from 1 to 1000000, not 0']],
    [
      'a seed that is no number',
      () => model.sample({ seed: 'x' as unknown as number }),
      ['seed: must be a whole number', 'not "x"'],
    ],
    ['seeds with a count', () => model.sample({ seeds: [1, 2], count: 2 }), ['seeds: determines', 'remove count']],
    ['seeds in the wrong order', () => model.sample({ seeds: [2, 1] }), ['seeds: must be ascending, not [2,1]']],
    ['noise without a pass', () => model.sample({ refine: 0, refineNoise: 0.1 }), ['refineNoise 0.1', 'refine 0']],
    ['refinement in half a pass', () => model.sample({ refine: 0.5 }), ['refine: must be a whole number', '0.5']],
    ['a temperature on the sphere', () => model.sample({ temperature: 2 }), ['temperature 2', 'prior normal']],
    [
      'two images to sample around',
      () => model.sample({ like: { count: 2, shape: [1, 1, 1], data: new Uint8Array(2) } }),
      ['like: expected one image'],
    ],
    ['one image to interpolate', () => model.interpolate([at('one.png')]), ['one.png: expected at least two images']],
    [
      'rows between images',
      () => model.interpolate(FILES.map(at), { rows: 2 }),
      ['rows: applies to random points only'],
    ],
    ['one frame', () => model.interpolate([], { frames: 1 }), ['frames: must be a whole number from 2', 'not 1']],
    [
      'a circle without a sphere',
      () => normal.interpolate([], { circle: true }),
      ['circle: requires the prior sphere', 'use loop'],
    ],
    [
      'a circle through three points',
      () => model.interpolate([], { circle: true, points: 3 }),
      ['circle: goes through two points, not 3'],
    ],
    [
      'codes of another length',
      () => model.decode(new Float32Array(9)),
      ['codes: expected a multiple of 8 values but got 9'],
    ],
    [
      'a distance above 1',
      () => model.decode(new Float32Array(8), { distance: 1.5 }),
      ['distance: must be a number', 'not 1.5'],
    ],
    [
      'options that are no object',
      () => model.sample(null as unknown as object),
      ['options: must be an object, not null'],
    ],
    [
      'a misspelled option',
      () => model.sample({ cuont: 3 } as object),
      ['cuont: no such setting, did you mean count?'],
    ],
    [
      'a single seed as a range',
      () => model.sample({ seeds: [1] as unknown as [number, number] }),
      ['seeds', 'not [1]'],
    ],
    [
      'too many frames',
      () => model.interpolate([], { frames: 1e9 }),
      ['frames: must be a whole number', 'not 1000000000'],
    ],
    [
      'images that do not fit into memory',
      () => model.interpolate([], { frames: 900_000, rows: 1000 }),
      ['frames: at most 1048576 images fit into memory', 'choose fewer frames'],
    ],
    ['a path that is no list', () => model.interpolate('one.png' as unknown as []), ['images: expected a list']],
    [
      'codes that are no array of float32',
      () => model.decode([1, 2] as unknown as Float32Array),
      ['codes: expected a Float32Array but got [1,2]'],
    ],
    ['a code that is NaN', () => model.decode(new Float32Array(8).fill(NaN, 3)), ['codes: value 3 is NaN']],
    [
      'pixels of another size, at once',
      () => model.encode([{ width: 1e9, height: 1e9, channels: 1, data: new Uint8Array(4) }]),
      ['image 0: expected 1000000000000000000 bytes'],
    ],
    ['an image that is not there', () => model.encode(at('no.png')), ['no.png: cannot read the image']],
    ['a run that is not there', () => loadModel(at('nothing')), ['nothing: run folder or checkpoint not found']],
    ['a run that is no path', () => loadModel(7 as unknown as string), ['run: expected the path', '7']],
    [
      'an unknown option',
      () => loadModel(at('run'), { thread: 1 } as object),
      ['thread: no such setting, did you mean threads?'],
    ],
  ];
  it.each(cases)('%s', async (_, call, texts) => {
    await expectInputError(call, ...texts);
  });
});
