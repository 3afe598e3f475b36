import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Images, loadModel, type Model, readCheckpoint, type Settings, train } from '../../src/node.js';
import { resultOf, runCommand } from '../cli/runCommand.js';
import { bytesIn, makeTinyRun } from '../cli/tinyRun.js';
import { errorOf } from '../rejection.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';

const cwd = sharedTemporaryFolder();
const at = (name: string) => join(cwd, name);
const models: Record<string, Model> = {};

/** Not square, and larger than the images of the networks. */
const [WIDTH, HEIGHT] = [50, 40];

/** Smooth colors [H, W, 3]. */
const pixelsOf = (seed: number, width = WIDTH, height = HEIGHT) =>
  Uint8Array.from({ length: width * height * 3 }, (_, index) => {
    const [x, y] = [Math.floor(index / 3) % width, Math.floor(index / 3 / width)];
    return Math.round(127 + 100 * Math.sin(seed + (index % 3) + (5 * x) / width + (3 * y) / height));
  });

const encoded = (pixels: Uint8Array, width = WIDTH, height = HEIGHT) =>
  sharp(pixels, { raw: { width, height, channels: 3 } }).png();

/** The left third. */
const isHidden = (pixel: number) => pixel % WIDTH < WIDTH / 3;

const SETTINGS: Settings = {
  ...{ size: 32, width: 4, latent: 4, batch: 8, steps: 60, augment: [], sampleEvery: 0, testFraction: 0.2 },
  ...{ learningRate: 5e-3, ema: 0 },
  encoderUpdates: '1;KL_real:1,match_x:50,uniform:1',
  generatorUpdates: '1;KL_fake:1,match_z:50,match_x:50',
  updateOrder: 'simultaneous',
};

beforeAll(async () => {
  vi.stubEnv('AGENET_CACHE', at('cache'));
  mkdirSync(at('photos'));
  const files = Array.from({ length: 30 }, (_, index) => [`${index}.png`, pixelsOf(index)] as const);
  for (const [name, pixels] of files) writeFileSync(at(`photos/${name}`), await encoded(pixels).toBuffer());
  const rows = files.map(([name], index) => `${name},${index % 2 === 0 ? 'even' : '"odd, really"'},${index / 10}`);
  writeFileSync(at('labels.csv'), `file,parity,place\n${rows.join('\n')}\n`);
  for (const [name, condition] of Object.entries({
    ...{ gray: 'gray', mask: 'mask', small: 'small:8' },
    attributes: `attributes:${at('labels.csv')}`,
  })) {
    await train({ ...SETTINGS, data: at('photos'), condition }, { out: at(name), threads: 1 });
    models[name] = await loadModel(at(name), { threads: 1 });
  }
  await makeTinyRun(at('plain'));
  models.plain = await loadModel(at('plain'), { threads: 1 });
  const photo = await encoded(pixelsOf(100)).toBuffer();
  writeFileSync(at('photo.png'), photo);
  const alpha = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, pixel) => (isHidden(pixel) ? 0 : 255));
  const hole = { raw: { width: WIDTH, height: HEIGHT, channels: 1 as const } };
  writeFileSync(at('cutout.png'), await sharp(photo).joinChannel(Buffer.from(alpha), hole).png().toBuffer());
  const white = alpha.map((value) => 255 - value);
  writeFileSync(at('hole.png'), await sharp(white, hole).png().toBuffer());
});
afterAll(() => Promise.all(Object.values(models).map((model) => model.release())));

const lightOf = ({ data }: { data: Uint8Array }, pixel: number) =>
  0.299 * data[3 * pixel]! + 0.587 * data[3 * pixel + 1]! + 0.114 * data[3 * pixel + 2]!;

const photo = { width: WIDTH, height: HEIGHT, channels: 3, data: pixelsOf(100) };
const PIXELS = Array.from({ length: WIDTH * HEIGHT }, (_, pixel) => pixel);

describe('completions', () => {
  it('of a gray photo have its size and its luminance, and differ in color', async () => {
    const images = await models.gray!.complete(at('photo.png'), { count: 2 });
    expect([images.shape, images.count, images.columns]).toEqual([[3, HEIGHT, WIDTH], 3, 3]);
    const [seen, first, second] = images.toRasters();
    for (const pixel of PIXELS) {
      expect(Math.abs(lightOf(first!, pixel) - lightOf(photo, pixel))).toBeLessThanOrEqual(0.51);
      const [red, green, blue] = seen!.data.subarray(3 * pixel, 3 * pixel + 3);
      expect([green, blue]).toEqual([red, red]);
    }
    expect(first!.data).not.toEqual(second!.data);
  });

  it.each(['transparent pixels', 'a mask'])('fill a hole of %s, and leave the rest exactly as it is', async (kind) => {
    const images =
      kind === 'a mask'
        ? await models.mask!.complete(at('photo.png'), { count: 1, mask: at('hole.png') })
        : await models.mask!.complete(at('cutout.png'), { count: 1 });
    const [seen, filled] = images.toRasters();
    const colorAt = ({ data }: { data: Uint8Array }, pixel: number) =>
      Array.from(data.subarray(3 * pixel, 3 * pixel + 3));
    const shown = PIXELS.filter((pixel) => !isHidden(pixel));
    for (const pixel of shown) expect(colorAt(filled!, pixel)).toEqual(colorAt(photo, pixel));
    expect(PIXELS.filter(isHidden).map((pixel) => colorAt(filled!, pixel))).not.toEqual(
      PIXELS.filter(isHidden).map((pixel) => colorAt(photo, pixel)),
    );
    // Far from the edge of the hole, nothing of the photo is seen.
    expect(colorAt(seen!, 20 * WIDTH + 3)).toEqual([128, 128, 128]);
  });

  it('do not depend on what is hidden', async () => {
    const others = Uint8Array.from(photo.data, (value, index) =>
      isHidden(Math.floor(index / 3)) ? 255 - value : value,
    );
    const [a, b] = await Promise.all(
      [photo.data, others].map((data) => models.mask!.complete({ ...photo, data }, { count: 1, mask: at('hole.png') })),
    );
    expect(a!.data).toEqual(b!.data);
  });

  it('of a small photo have the size of the networks on their longer side, otherwise that of the photo', async () => {
    const shapeOf = ({ shape }: Images) => shape;
    const small = { width: 10, height: 8, channels: 3, data: pixelsOf(1, 10, 8) };
    expect(shapeOf(await models.small!.complete(small, { count: 1 }))).toEqual([3, 26, 32]);
    expect(shapeOf(await models.small!.complete(at('photo.png'), { count: 1 }))).toEqual([3, HEIGHT, WIDTH]);
  });

  it('are those that the command writes, with all of them in one file', async () => {
    const result = await resultOf(
      [
        'complete',
        'gray',
        'photo.png',
        'photos/1.png',
        '--count',
        '2',
        '--seed',
        '3',
        '--threads',
        '1',
        '--out',
        'done',
      ],
      cwd,
    );
    expect(result).toMatchObject({ images: 2, count: 2, seed: 3 });
    const { data } = await models.gray!.complete(at('photo.png'), { count: 2, seed: 3 });
    const image = await sharp(at('done/photo-1.png')).raw().toBuffer({ resolveWithObject: true });
    expect([image.info.width, image.info.height]).toEqual([WIDTH, HEIGHT]);
    const planes = data.subarray(WIDTH * HEIGHT * 3, WIDTH * HEIGHT * 6);
    expect(PIXELS.every((pixel) => image.data[3 * pixel + 1] === planes[WIDTH * HEIGHT + pixel])).toBe(true);
    expect((await sharp(at('done/photo.png')).metadata()).width).toBeGreaterThan(3 * WIDTH);
    expect(existsSync(at('done/1-2.png'))).toBe(true);
  });

  it('are measured against the mean image', async () => {
    const { metrics } = (await resultOf(
      [
        'evaluate',
        'mask',
        '--split',
        'train',
        '--metrics',
        'completion_l1,completion_l1_relative,completion_ssim,completion_diversity',
        '--threads',
        '1',
      ],
      cwd,
    )) as { metrics: Record<string, number> };
    expect(metrics.completion_l1_relative).toBeGreaterThan(0.2);
    expect(metrics.completion_diversity).toBeGreaterThan(0);
    expect(metrics.completion_ssim).toBeLessThan(1);
  });
});

describe('a model of pictures', () => {
  it('continues bit-exactly', async () => {
    const settings: Settings = { ...SETTINGS, data: at('photos'), condition: 'mask', schedule: 'constant' };
    await train({ ...settings, steps: 4 }, { out: at('whole'), threads: 1 });
    await train({ ...settings, steps: 2 }, { out: at('parts'), threads: 1 });
    await train({ steps: 4 }, { resume: at('parts'), threads: 1 });
    const [whole, parts] = await Promise.all(['whole', 'parts'].map((name) => readCheckpoint(at(name))));
    expect(parts!.vectors).toEqual(whole!.vectors);
  });

  it('reconstructs and encodes images, whose picture it takes from them', async () => {
    expect((await models.gray!.reconstruct(at('photo.png'))).count).toBe(1);
    expect(await models.small!.encode(at('photo.png'))).toHaveLength(4);
  });

  it('with holes also draws whole samples', async () => {
    expect((await models.mask!.sample({ count: 2 })).count).toBe(2);
  });

  it('is exported with the picture as an input', async () => {
    await resultOf(['export', 'mask', '--web', '--out', 'exported', '--threads', '1'], cwd);
    expect(existsSync(at('exported/index.html'))).toBe(true);
    expect(readFileSync(at('exported/README.md'), 'utf8')).toContain('`condition` [N, 4, 32, 32]');
  });
});

describe('a model with attributes', () => {
  it('records the attributes of its data', () => {
    expect(models.attributes!.configuration.attributes).toEqual([
      { name: 'parity', values: ['even', 'odd, really'] },
      { name: 'place', low: 0, high: 2.9 },
    ]);
  });

  it('draws samples with some or all of them', async () => {
    const [any, even, object] = await Promise.all(
      [undefined, 'parity=even,place=1', { parity: 'even', place: 1 }].map((where) =>
        models.attributes!.sample({ count: 2, where }),
      ),
    );
    expect(even!.data).toEqual(object!.data);
    expect(even!.data).not.toEqual(any!.data);
    expect(await resultOf(['sample', 'attributes', '--where', 'place=2', '--threads', '1'], cwd)).toMatchObject({
      where: 'place=2',
    });
  });

  it('reconstructs images with other attributes', async () => {
    const [own, other] = await Promise.all(
      [undefined, 'parity=even'].map((where) => models.attributes!.reconstruct(at('photo.png'), { where })),
    );
    expect(own!.data).not.toEqual(other!.data);
  });

  it('reconstructs its own images with the attributes of the table', async () => {
    const { attributes } = models;
    await resultOf(['reconstruct', 'attributes', '--count', '1', '--out', 'own.npz', '--threads', '1'], cwd);
    const [original, written] = ['original', 'reconstruction'].map((name) =>
      bytesIn(unzipSync(readFileSync(at('own.npz')))[`${name}.npy`]),
    );
    const image = { width: 32, height: 32, channels: 3 as const, data: original!.data };
    const rows = Array.from({ length: 30 }, (_, index) => ({
      parity: index % 2 === 0 ? 'even' : 'odd, really',
      place: index / 10,
    }));
    const each = await Promise.all(rows.map((row) => attributes!.reconstruct(image, { fromWhere: [row] })));
    const pixels = each.map((images) => Array.from(images.toRasters()[0]!.data));
    expect(pixels).toContainEqual(Array.from(written!.data));
    expect(new Set(pixels.map(String)).size).toBeGreaterThan(2);
  });

  it('is evaluated with the attributes of its images', async () => {
    const { metrics, details } = (await resultOf(
      ['evaluate', 'attributes', '--split', 'train', '--metrics', 'attributes_in_codes', '--threads', '1'],
      cwd,
    )) as { metrics: Record<string, number>; details: Record<string, Record<string, { chance?: number }>> };
    expect(metrics.attributes_in_codes).toBeGreaterThan(0);
    expect(Object.keys(details.attributes_in_codes!)).toEqual(['parity', 'place']);
    expect(details.attributes_in_codes!.parity!.chance).toBe(0.5);
  });
});

describe('errors', () => {
  const white = () => models.mask!.complete(at('photo.png'));
  it.each([
    [
      'a model that completes nothing',
      () => models.plain!.complete(at('photo.png')),
      ['does not complete pictures', 'gray, mask or small:SIDE'],
    ],
    [
      'attributes of an image, of a model without',
      () => models.gray!.reconstruct(at('photo.png'), { fromWhere: [{ parity: 'even' }] }),
      ['fromWhere: the model was trained without attributes'],
    ],
    ['samples of a model of pictures', () => models.gray!.sample(), ['only completes pictures', 'complete']],
    ['a photo without a hole', white, ['has no transparent pixels', 'mask']],
    [
      'a mask without white',
      () => models.mask!.complete(at('photo.png'), { mask: photo && { ...photo, data: photo.data.map(() => 0) } }),
      ['no white pixels'],
    ],
    [
      'a mask without effect',
      () => models.gray!.complete(at('photo.png'), { mask: at('hole.png') }),
      ['has no effect with the condition gray'],
    ],
    ['a missing photo', () => models.gray!.complete(at('none.png')), ['none.png: cannot read the image']],
    ['a photo that is none', () => models.gray!.complete(at('labels.csv')), ['labels.csv: cannot read the image']],
    ['a wrong count', () => models.gray!.complete(at('photo.png'), { count: 0 }), ['count']],
    ['attributes of a model without', () => models.mask!.sample({ where: 'a=1' }), ['was trained without attributes']],
    [
      'an unknown attribute',
      () => models.attributes!.sample({ where: 'parite=even' }),
      ['attribute parite: unknown', 'parity'],
    ],
    [
      'an unknown value',
      () => models.attributes!.sample({ where: 'parity=neither' }),
      ['parity=neither: there is no such value'],
    ],
    [
      'a class of a model with attributes',
      () => models.attributes!.sample({ class: 1 }),
      ['was trained without classes'],
    ],
  ] as const)('name %s', async (_, call, parts) => {
    const { message } = (await errorOf(call)) as Error;
    for (const part of parts) expect(message).toContain(part);
  });

  it.each([
    ['pink', 'condition pink: unknown'],
    ['small:5', 'expected a side that divides 32'],
    ['attributes:none.csv', 'none.csv: cannot read the attributes'],
    ['attributes:', 'names no file'],
    ['attributes:short.csv', 'has no row for the image'],
    ['attributes:broken.csv', 'is not a table of attributes'],
    ['attributes:constant.csv', 'all images have the same value'],
    ['attributes:files.csv', 'has no attributes'],
    ['attributes:nameless.csv', 'has no column that names the image'],
  ])('name the condition %s', async (condition, problem) => {
    const names = Array.from({ length: 30 }, (_, index) => `${index}.png`);
    writeFileSync(at('short.csv'), 'file,a\n0.png,1\n1.png,2\n');
    writeFileSync(at('broken.csv'), 'file,a\n0.png,1,2,3\n');
    writeFileSync(at('constant.csv'), `file,a\n${names.map((name) => `${name},1`).join('\n')}\n`);
    writeFileSync(at('files.csv'), `file\n${names.join('\n')}\n`);
    writeFileSync(at('nameless.csv'), `a\n${names.map((_, index) => index % 3).join('\n')}\n`);
    const name = condition.replace(/:(?=.*csv)/u, `:${cwd}/`);
    const { message } = (await errorOf(() =>
      train({ ...SETTINGS, data: at('photos'), condition: name }, { out: at('refused'), threads: 1 }),
    )) as Error;
    expect(message).toContain(problem);
    expect(existsSync(at('refused'))).toBe(false);
  });

  it('have one line and status 2 on the command line', async () => {
    const { status, stderr } = await runCommand(['train', 'photos', '--condition', 'pink', '--out', 'refused'], cwd);
    expect(stderr).toMatch(/^agenet: --condition pink: unknown.*\n$/u);
    expect(status).toBe(2);
  });
});
