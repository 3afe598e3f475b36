import fc from 'fast-check';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveConfiguration } from '../../src/cli/settingOptions.js';
import { InputError } from '../../src/errors.js';
import {
  draftSettings,
  presetNames,
  resolveSettings,
  resumedConfiguration,
  type Settings,
} from '../../src/runs/settings.node.js';
import { RunFolder } from '../../src/runs/runFolder.node.js';
import { RECIPES } from '../../src/training/defaults.js';
import { DEFAULTS } from '../../src/training/settings.js';
import { writeImages } from '../data/imageFiles.js';
import { errorOf, expectInputError } from '../rejection.js';
import { sharedTemporaryFolder, temporaryFolder } from '../temporaryFolder.js';
import { tinyConfiguration } from '../training/tinyTraining.js';
import { makeTinyRun } from '../cli/tinyRun.js';

function fileOf(text: string, name = 'settings.yaml'): string {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, text);
  return file;
}

const unlabeled = (images: number) => ({ train: { count: images }, classes: null });

describe('settings', () => {
  it('are the defaults and the native format of the data', async () => {
    expect(await resolveConfiguration('mnist', {})).toMatchObject({
      ...DEFAULTS,
      ...RECIPES.aligned,
      data: 'mnist',
      size: 32,
      channels: 1,
      crop: 'center',
      stages: [],
    });
  });

  it('have the recipe of size, colors and condition, as a whole: without other plans or another order', async () => {
    const { simultaneous, alternating, classes } = RECIPES;
    expect(await resolveConfiguration('mnist', { size: 64 })).toMatchObject({ network: 'dcgan64', ...simultaneous });
    const inColor = await resolveConfiguration('mnist', { channels: 3 });
    expect(inColor).toMatchObject({ network: 'dcgan32', ...simultaneous });
    const withPictures = await resolveConfiguration('mnist', { condition: 'mask' });
    expect(withPictures).toMatchObject({ network: 'dcgan32', ...simultaneous });
    const withClasses = await resolveConfiguration('mnist', { condition: 'class' });
    expect(withClasses).toMatchObject({ network: 'dcgan32', ...classes });
    const wide = { size: 128, margin: 3, width: 8 };
    expect(await resolveConfiguration('mnist', wide)).toMatchObject({ network: 'dcgan128', ...simultaneous, ...wide });
    const { generatorUpdates } = alternating;
    expect(await resolveConfiguration('mnist', { size: 64, generatorUpdates })).toMatchObject(alternating);
    expect(await resolveConfiguration('mnist', { network: 'resnet64' })).toMatchObject({ size: 64, ...simultaneous });
    const { updateOrder } = alternating;
    expect(await resolveConfiguration('mnist', { size: 64, updateOrder })).toMatchObject(alternating);
    const divergence = 'nearest';
    expect(await resolveConfiguration('mnist', { size: 64, divergence })).toMatchObject({ divergence, ...alternating });
  });

  it('come from flags before a file, and from a file before a preset', async () => {
    const config = fileOf('width: 24\nlatent: 32\n');
    expect(await resolveConfiguration('mnist', { preset: 'cifar10' })).toMatchObject({
      width: 64,
      latent: 128,
      length: { epochs: 150 },
      halveEvery: 40,
    });
    expect(await resolveConfiguration('mnist', { preset: 'cifar10', config })).toMatchObject({
      width: 24,
      latent: 32,
      halveEvery: 40,
    });
    expect(await resolveConfiguration('mnist', { preset: 'cifar10', config, width: 8, steps: 7 })).toMatchObject({
      width: 8,
      latent: 32,
      length: { steps: 7 },
    });
  });

  it("may be JSON, such as another run's configuration without its data", async () => {
    const { data: _, ...settings } = tinyConfiguration({ learningRate: 0.003 });
    const config = fileOf(JSON.stringify(settings), 'config.json');
    expect(await resolveConfiguration('mnist', { config })).toEqual(tinyConfiguration({ learningRate: 0.003 }));
  });

  it("of another run's configuration apply to other data", async () => {
    const config = fileOf(JSON.stringify({ ...tinyConfiguration(), data: 'photos' }), 'config.json');
    expect(await resolveConfiguration('mnist', { config })).toEqual(tinyConfiguration());
  });

  it('of stages replace update plans from an epoch on', async () => {
    const config = fileOf('stages:\n  - epoch: 3\n    generatorUpdates: 3;KL_fake:1,match_z:1000\n');
    expect((await resolveConfiguration('mnist', { config })).stages).toEqual([
      { epoch: 3, generatorUpdates: '3;KL_fake:1,match_z:1000' },
    ]);
  });

  it('come from the initFrom run by default, except for its length and seed', async () => {
    const run = join(temporaryFolder(), 'run');
    await makeTinyRun(run, tinyConfiguration({ seed: 9, moment: 'variance' }));
    expect(await resolveConfiguration('mnist', { initFrom: run, batch: 32 })).toMatchObject({
      initFrom: run,
      width: 4,
      latent: 8,
      moment: 'variance',
      batch: 32,
      seed: 1,
      length: { epochs: 10 },
    });
  });

  it('in a file may name the initFrom run', async () => {
    const run = join(temporaryFolder(), 'run');
    await makeTinyRun(run, tinyConfiguration({ moment: 'variance' }));
    expect(await resolveConfiguration('mnist', { config: fileOf(`initFrom: ${run}\nlatent: 9\n`) })).toMatchObject({
      initFrom: run,
      width: 4,
      latent: 9,
      moment: 'variance',
    });
    await expectInputError(
      () => resolveConfiguration('mnist', { config: fileOf('initFrom: no/such/run') }),
      'no/such/run: run folder or checkpoint not found',
    );
  });

  const PUBLISHED = [
    'celeba',
    'celeba-finetune',
    'cifar10',
    'published',
    'svhn',
    'tiny-imagenet',
    'tiny-imagenet-finetune',
  ];

  it('of presets state all differences of the published recipes from the defaults', async () => {
    expect(await presetNames()).toEqual([...PUBLISHED, 'concentrated'].sort());
    const published = {
      learningRate: 2e-4,
      divergence: 'qp',
      moment: 'variance',
      schedule: 'halving',
      ema: 0,
      batchNormStats: 'shared',
    };
    for (const preset of PUBLISHED) {
      // Also on top of a run with other settings.
      const run = join(temporaryFolder(), 'run');
      const size = preset.startsWith('celeba') ? { size: 64, network: 'dcgan64' as const } : {};
      await makeTinyRun(run, tinyConfiguration({ ema: 0.9, schedule: 'cosine', batchNormStats: 'separate', ...size }));
      for (const initFrom of [undefined, run]) {
        const configuration = await resolveConfiguration('mnist', { preset, initFrom, ...size, width: 4 });
        expect(configuration, preset).toMatchObject(published);
        expect(configuration.encoderUpdates).toContain('1;KL_fake:1,KL_real:1,');
      }
    }
  });

  it('have the classes of the data if they are the condition', async () => {
    const { complete } = await draftSettings({ data: 'mnist', condition: 'class' });
    const labeled = { train: { count: 100 }, classes: 3 };
    expect(complete(labeled).configuration).toMatchObject({ condition: 'class', classes: ['0', '1', '2'] });
    const named = { ...labeled, classNames: ['cat', 'dog', 'owl'] };
    expect(complete(named).configuration.classes).toEqual(named.classNames);
    expect((await draftSettings({ data: 'mnist' })).complete(named).configuration.classes).toEqual([]);
    await expectInputError(() => complete(unlabeled(100)), 'condition class: mnist has no classes');
  });

  it('derive batch size and length from the number of training images, unless they are given', async () => {
    const draft = (settings: Settings) => draftSettings({ data: 'mnist', ...settings });
    const { complete } = await draft({});
    expect(complete(unlabeled(18))).toMatchObject({
      configuration: { augment: ['color'], batch: 16, length: { steps: 2000 } },
      chosen: { size: 32, channels: 1, augment: 'color', batch: 16, steps: 2000 },
    });
    expect(complete(unlabeled(60_000)).chosen).toEqual({ size: 32, channels: 1, batch: 64, epochs: 10 });
    expect((await draft({ batch: 4, epochs: 7, size: 32 })).complete(unlabeled(18))).toMatchObject({
      configuration: { batch: 4, length: { epochs: 7 } },
      chosen: { augment: 'color' },
    });
    const { configuration, chosen } = (await draft({ preset: 'published', steps: 3 })).complete(unlabeled(100));
    expect([configuration.batch, configuration.length, chosen]).toEqual([64, { steps: 3 }, { size: 32, channels: 1 }]);
  });

  it('are rejected if the images do not fill a batch, with the largest batch size that they fill', async () => {
    const { complete } = await draftSettings({ data: 'mnist', batch: 64 });
    await expectInputError(
      () => complete(unlabeled(48)),
      'batch 64: the train split has only 48 images; set batch to 48 or less',
    );
    await expectInputError(
      () => complete(unlabeled(1)),
      'mnist: training needs at least 2 images, but its train split has 1',
    );
    const { complete: fromFile } = await draftSettings({ data: 'mnist', config: fileOf('batch: 64') });
    await expectInputError(() => fromFile(unlabeled(48)), 'settings.yaml: batch 64: ');
  });

  it('of the library have the defaults for the images in the data', async () => {
    const folder = join(temporaryFolder(), 'photos');
    await writeImages(folder, Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`${index}.png`, index])));
    const { batch, length } = await resolveSettings({ data: folder });
    expect({ batch, length }).toEqual({ batch: 8, length: { steps: 2000 } });
  });
});

describe('invalid settings', () => {
  it.each([
    ['an unknown key, with the nearest one', 'widht: 3', ['widht: no such setting, did you mean width?']],
    ['a number out of range, with its position', 'width: -3', ['width: must be a whole number from 1 to 1024, not -3']],
    ['a word for a number', 'batch: many', ['batch: must be a whole number', '"many"']],
    [
      'an invalid choice, with the valid ones',
      'schedule: linear',
      ['schedule: must be one of halving, constant, cosine, not "linear"'],
    ],
    ['an invalid plan', 'encoderUpdates: 1;KL_fake', ['encoder plan "1;KL_fake"']],
    [
      'an invalid plan in a stage',
      'stages: [{ epoch: 2, generatorUpdates: "0;KL_fake:1" }]',
      ['generator plan "0;KL_fake:1"'],
    ],
    [
      'stages out of order',
      'stages: [{ epoch: 2 }, { epoch: 2 }]',
      ['stages: stage 2 must begin after epoch 2, not at 2'],
    ],
    ['a stage without an epoch', 'stages: [{}]', ['epoch', 'missing']],
    ['two lengths', 'epochs: 2\nsteps: 3', ['epochs and ', 'steps: both set the length of training']],
    ['a length of 0', 'epochs: 0', ['epochs: must be a whole number from 1 to 1000000, not 0']],
    ['a list', '- 3', ['expected settings']],
    ['nothing', '', ['expected settings']],
    ['no YAML', 'a: [', ['not YAML or JSON']],
    ['deeply nested lists', `width: ${'['.repeat(50_000)}`, ['not YAML or JSON (it is nested too deeply)']],
    ['deeply nested mappings', `width: ${'{a: '.repeat(50_000)}`, ['not YAML or JSON (it is nested too deeply)']],
    ['a deeply indented list', `width:\n  ${'- '.repeat(50_000)}`, ['not YAML or JSON (it is nested too deeply)']],
    [
      'halveEvery without the halving schedule',
      'schedule: cosine\nhalveEvery: 3',
      ['halveEvery: requires the schedule halving'],
    ],
    ['an EMA decay of 1', 'ema: 1', ['ema: must be a number of at least 0 and below 1, not 1']],
  ])('are rejected: %s', async (_, text, texts) => {
    const config = fileOf(text);
    await expectInputError(() => resolveConfiguration('mnist', { config }), ...texts);
    await expectInputError(() => resolveConfiguration('mnist', { config }), config);
  });

  it("may be a run's config.json, which also names the data", async () => {
    const configuration = await resolveConfiguration('mnist', { width: 8, ema: 0.9, steps: 7 });
    expect(await resolveConfiguration('mnist', { config: fileOf(JSON.stringify(configuration)) })).toEqual(
      configuration,
    );
  });

  it('of the caller are named without a file', async () => {
    await expectInputError(
      () => resolveConfiguration('mnist', { config: fileOf('width: 8'), width: 0 }),
      'width: must be a whole number from 1 to 1024, not 0',
    );
    await expectInputError(
      () => resolveConfiguration('mnist', { epochs: 1, steps: 1 }),
      'epochs and steps: both set the length',
    );
  });

  it('are rejected if the file or preset does not exist', async () => {
    await expectInputError(
      () => resolveSettings({ data: 'mnist', config: 'no/such.yaml' }),
      'no/such.yaml: cannot be read',
    );
    await expectInputError(
      () => resolveConfiguration('mnist', { preset: 'cifar-10' }),
      'preset: unknown preset cifar-10, did you mean cifar10?; choose from celeba',
    );
    await expectInputError(() => resolveSettings({ data: 'mnist', preset: '../mnist' }), 'preset: unknown preset');
  });

  const folder = sharedTemporaryFolder();
  it('are accepted or rejected in one line after any mutation', async () => {
    const good =
      'width: 8\nlatent: 16\nepochs: 2\nstages:\n  - epoch: 1\n    encoderUpdates: 1;KL_fake:1,KL_real:1,match_x:10\nema: 0.9\nflip: true\n';
    const edits = fc.array(
      fc.record({
        at: fc.nat(good.length),
        remove: fc.nat(6),
        insert: fc.constantFrom(
          '',
          ':',
          '-',
          '&a ',
          '*a',
          '!!js/x ',
          '{',
          '[',
          '1e999',
          '\0',
          '\n',
          '  ',
          'ÿ',
          '0x',
          '"',
          '<<: ',
        ),
      }),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    const property = fc.asyncProperty(edits, async (changes) => {
      const text = changes.reduce(
        (current, { at, remove, insert }) => current.slice(0, at) + insert + current.slice(at + remove),
        good,
      );
      const config = join(folder, 'mutated.yaml');
      writeFileSync(config, text);
      const error = await errorOf(() => resolveConfiguration('mnist', { config }));
      if (error === undefined) return;
      expect(error, text).toBeInstanceOf(InputError);
      expect((error as Error).message).not.toContain('\n');
    });
    await fc.assert(property, { seed: 7, numRuns: 1000 });
  });

  it('that expand to a huge value are rejected', async () => {
    const levels = Array.from(
      { length: 9 },
      (_, level) => `a${level}: &a${level} [${new Array(9).fill(level === 0 ? 1 : `*a${level - 1}`).join(', ')}]`,
    );
    await expectInputError(
      () => resolveSettings({ data: 'mnist', config: fileOf(levels.join('\n')) }),
      'not YAML or JSON',
    );
  });
});

describe('settings of a resumed run', () => {
  const resume = async (settings: Parameters<typeof resumedConfiguration>[1]) => {
    const run = join(temporaryFolder(), 'run');
    await makeTinyRun(run);
    return resumedConfiguration(await RunFolder.open(run), settings);
  };

  it('are those of the run, with changes by the caller, and need no data argument', async () => {
    expect(await resume({ steps: 9, logEvery: 5 })).toEqual(tinyConfiguration({ length: { steps: 9 }, logEvery: 5 }));
    const recipe = {
      learningRate: 1e-3,
      schedule: 'cosine',
      encoderUpdates: '1;KL_real:2',
      ema: 0.5,
      emaStart: 4,
      onNan: 'rollback',
    } as const;
    expect(await resume({ ...recipe, epochs: 2 })).toEqual(tinyConfiguration({ ...recipe, length: { epochs: 2 } }));
    expect(await resume({ data: 'mnist', width: 4, config: fileOf('checkpointEvery: 7') })).toEqual(
      tinyConfiguration({ checkpointEvery: 7 }),
    );
  });

  it('are rejected if they cannot change', async () => {
    await expectInputError(
      () => resume({ width: 8 }),
      'width: the run in ',
      'was started with 4, which cannot change; start a new run for 8',
    );
    await expectInputError(() => resume({ data: 'photos' }), 'data: the run in ', 'was started with "mnist"');
    await expectInputError(() => resume({ widht: 8 } as object), 'widht');
  });
});

describe('the config.json of a different version', () => {
  it('is rejected with the version', async () => {
    const config = fileOf(JSON.stringify({ version: 2, ...tinyConfiguration() }), 'config.json');
    await expectInputError(
      () => resolveSettings({ data: 'mnist', config }),
      config,
      'earlier version of agenet (format 2, this one reads 3)',
    );
  });
});
