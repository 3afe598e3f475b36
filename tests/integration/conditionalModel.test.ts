import { readFileSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadModel, type Model, readCheckpoint, type Settings, train } from '../../src/node.js';
import { resultOf, runCommand } from '../cli/runCommand.js';
import { bytesIn, makePicture, makeTinyRun } from '../cli/tinyRun.js';
import { writeImages } from '../data/imageFiles.js';
import { errorOf } from '../rejection.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';

const cwd = sharedTemporaryFolder();
const at = (name: string) => join(cwd, name);
const AREA = 32 * 32;
let model: Model;

/** The bytes of the images that a command writes. */
async function written(array: string, ...args: readonly string[]) {
  await resultOf([...args, '--out', 'result.npz', '--threads', '1'], cwd);
  return bytesIn(unzipSync(readFileSync(at('result.npz')))[`${array}.npy`]);
}

const meanOf = (bytes: ArrayLike<number>) => Array.from(bytes).reduce((sum, byte) => sum + byte, 0) / bytes.length;

beforeAll(async () => {
  vi.stubEnv('AGENET_CACHE', at('cache'));
  const shades = Array.from(
    { length: 60 },
    (_, n) => [`${n < 30 ? 'dark' : 'light'}/${n}.png`, n < 30 ? n : 160 + n] as const,
  );
  await writeImages(at('shades'), Object.fromEntries(shades));
  await train(
    {
      ...{ data: at('shades'), condition: 'class', size: 32, width: 4, latent: 8, batch: 16, steps: 300, augment: [] },
      ...{
        encoderUpdates: '1;KL_real:1,match_x:50,uniform:4',
        generatorUpdates: '1;KL_fake:1,match_z:50,match_x:50',
      },
      ...{ updateOrder: 'simultaneous', learningRate: 3e-3, sampleEvery: 0, ema: 0 },
    },
    { out: at('run'), threads: 1 },
  );
  await makePicture(at('one.png'), 0, 255);
  await makeTinyRun(at('plain'));
  model = await loadModel(at('run'), { threads: 1 });
});
afterAll(() => model.release());

describe('a conditional model', () => {
  it('records the classes of its data, which are the subfolders', () => {
    expect(model.classes).toEqual(['dark', 'light']);
  });

  it('draws samples of a class, given by name or number, as the command does', async () => {
    const [dark, light] = await Promise.all(['dark', 1].map((name) => model.sample({ count: 20, class: name })));
    expect(meanOf(light!.data)).toBeGreaterThan(meanOf(dark!.data) + 80);
    const { data, shape } = await written('arr_0', 'sample', 'run', '--count', '20', '--class', 'light');
    expect(shape).toEqual([20, 32, 32, 1]);
    expect(Array.from(data)).toEqual(Array.from(light!.data));
    expect((await model.sample({ count: 20 })).data).not.toEqual(light!.data);
  });

  it('draws the same codes for all classes, a class per row', async () => {
    const all = await model.sample({ count: 3, class: 'all' });
    expect([all.count, all.columns]).toEqual([6, 3]);
    const each = await Promise.all(model.classes.map((name) => model.sample({ count: 3, class: name })));
    expect(Array.from(all.data)).toEqual(each.flatMap(({ data }) => Array.from(data)));
    const result = await resultOf(
      ['sample', 'run', '--class', 'all', '--count', '3', '--captions', '--scale', '1', '--out', 'all.png'],
      cwd,
    );
    expect(result).toMatchObject({ count: 6, class: 'all' });
    expect((await sharp(at('all.png')).metadata()).width).toBe(3 * 34 + 2);
  });

  it('decodes an image with another class than its own', async () => {
    const own = await model.reconstruct(at('one.png'), { fromClass: 'dark' });
    const other = await model.reconstruct(at('one.png'), { fromClass: 'dark', toClass: 'light' });
    expect(meanOf(other.data)).toBeGreaterThan(meanOf(own.data) + 20);
    const { data } = await written(
      'reconstruction',
      ...['reconstruct', 'run', 'one.png', '--from-class', 'dark', '--to-class', 'light'],
    );
    expect(Array.from(data)).toEqual(Array.from(other.data));
  });

  it('encodes images with the class that it predicts, and compares them by what the class leaves open', async () => {
    for (const [image, name] of [
      ['shades/dark/3.png', 'dark'],
      ['shades/light/50.png', 'light'],
    ] as const) {
      const [predicted, given] = await Promise.all([
        model.reconstruct(at(image)),
        model.reconstruct(at(image), { fromClass: name }),
      ]);
      expect(predicted.data).toEqual(given.data);
      const found = await resultOf(['search', 'run', '--image', image, '--split', 'train', '--count', '60'], cwd);
      const { results } = found as { results: { name: string; class: string; cosine: number }[] };
      // The image itself is the most similar, unless it is held out.
      const own = results.find((each) => image.endsWith(each.name));
      if (own) expect([results[0]!.cosine, own.cosine]).toEqual([own.cosine, expect.closeTo(1, 5)]);
      expect(new Set(results.slice(0, 20).map((each) => each.class))).toEqual(new Set(['dark', 'light']));
    }
  });

  it('encodes images with the classes of their folders, and others with predicted ones', async () => {
    // The wrong way round, so that it differs from the prediction.
    for (const [folder, image] of [
      ['light', 'shades/dark/3.png'],
      ['dark', 'shades/light/50.png'],
    ] as const) {
      await mkdir(at(`swapped/${folder}`), { recursive: true });
      await copyFile(at(image), at(`swapped/${folder}/image.png`));
    }
    const files = ['swapped/dark/image.png', 'swapped/light/image.png', 'one.png'];
    const { data } = await written('reconstruction', 'reconstruct', 'run', 'swapped', 'one.png');
    const known = await model.reconstruct(files.map(at), { fromClass: ['dark', 1, null] });
    expect(Array.from(data)).toEqual(Array.from(known.data));
    expect(known.data).not.toEqual((await model.reconstruct(files.map(at))).data);
    const given = await written('reconstruction', 'reconstruct', 'run', 'swapped', '--from-class', 'dark');
    const dark = await model.reconstruct(files.slice(0, 2).map(at), { fromClass: 'dark' });
    expect(Array.from(given.data)).toEqual(Array.from(dark.data));
  });

  it('says that a direction between its classes means little', async () => {
    const { stderr } = await runCommand(['attribute', 'run', '--with', 'dark', '--threads', '1'], cwd);
    expect(stderr).toContain('codes leave these classes to the condition; reconstruct --to-class changes them');
  });

  it('interpolates between classes with one code per row', async () => {
    const options = { rows: 12, frames: 3, seed: 4, fromClass: 'dark', toClass: 'light' };
    const path = await model.interpolate([], options);
    expect([path.count, path.columns]).toEqual([36, 3]);
    const meanAt = (frame: number) =>
      meanOf(
        Array.from({ length: 12 }, (_, row) => row * 3 + frame).flatMap((index) =>
          Array.from(path.data.subarray(index * AREA, (index + 1) * AREA)),
        ),
      );
    expect(meanAt(2)).toBeGreaterThan(meanAt(0) + 5);
    const { data } = await written(
      'arr_0',
      ...['interpolate', 'run', '--rows', '12', '--frames', '3', '--seed', '4'],
      ...['--from-class', 'dark', '--to-class', 'light'],
    );
    expect(Array.from(data)).toEqual(Array.from(path.data));
  });

  it('is evaluated with the classes of its images and samples', async () => {
    const { metrics, details } = (await resultOf(
      [
        'evaluate',
        'run',
        '--split',
        'train',
        '--count',
        '40',
        '--metrics',
        'condition_accuracy,condition_in_codes,fid',
      ],
      cwd,
    )) as { metrics: Record<string, number>; details: { by_class: { samples: number }[] } };
    expect(metrics.condition_accuracy).toBeGreaterThan(0.6);
    expect(metrics.condition_in_codes).toBeGreaterThanOrEqual(0.3);
    expect(details.by_class.map(({ samples }) => samples).reduce((sum, count) => sum + count)).toBe(40);
  });

  it('also samples, reconstructs and interpolates without a class', async () => {
    expect((await model.sample({ count: 2 })).count).toBe(2);
    expect((await model.reconstruct(at('one.png'))).count).toBe(1);
    expect((await model.interpolate([], { rows: 1, frames: 3 })).count).toBe(3);
  });
});

describe('training with classes', () => {
  it('continues bit-exactly', async () => {
    const settings: Settings = {
      ...{ data: at('shades'), size: 32, width: 2, latent: 4, batch: 8, augment: [] },
      ...{ encoderUpdates: '1;KL_real:1,match_x:50,uniform:4', generatorUpdates: '1;match_x:50' },
      condition: 'class',
      schedule: 'constant',
    };
    await train({ ...settings, steps: 4 }, { out: at('whole'), threads: 1 });
    await train({ ...settings, steps: 2 }, { out: at('parts'), threads: 1 });
    await train({ steps: 4 }, { resume: at('parts'), threads: 1 });
    const [whole, parts] = await Promise.all(['whole', 'parts'].map((name) => readCheckpoint(at(name))));
    expect(parts!.vectors).toEqual(whole!.vectors);
    expect(whole!.step).toBe(4);
  });
});

describe('errors', () => {
  it.each([
    ['an unknown class', () => model.sample({ class: 'gray' }), ['class gray: there is no such class', 'dark, light']],
    ['a number beyond the classes', () => model.sample({ class: 2 }), ['class 2: there is no such class']],
    ['a path that ends nowhere', () => model.interpolate([], { fromClass: 'dark' }), ['fromClass: requires toClass']],
    [
      'a list of classes of another length',
      () => model.reconstruct([at('one.png')], { fromClass: ['dark', 'light'] }),
      ['fromClass: expected a list of 1, one for each image, but got 2'],
    ],
    [
      'a path between classes and images',
      () => model.interpolate([at('one.png'), at('one.png')], { fromClass: 'dark', toClass: 'light' }),
      ['fromClass: applies to random points'],
    ],
    [
      'a loop between classes',
      () => model.interpolate([], { fromClass: 'dark', toClass: 'light', loop: true }),
      ['loop: applies to paths between points'],
    ],
    [
      'a class of a model without classes',
      async () => {
        const plain = await loadModel(at('plain'), { threads: 1 });
        await plain.sample({ class: 'all' }).finally(() => plain.release());
      },
      ['class all: the model was trained without classes'],
    ],
    [
      'training on data without classes',
      () => train({ data: at('shades/dark'), condition: 'class' }, { out: at('none'), threads: 1 }),
      ['condition class: ', 'has no classes'],
    ],
  ] as const)('name %s', async (_, call, parts) => {
    const { message } = (await errorOf(call)) as Error;
    for (const part of parts) expect(message).toContain(part);
  });
});
