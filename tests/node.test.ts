import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { npzArchive } from './npzArchive.js';
import {
  loadModel,
  openSource,
  type RunEvent,
  type Settings,
  train,
  trainingEvents,
  type TrainOptions,
} from '../src/node.js';
import { errorOf, expectInputError } from './rejection.js';
import { temporaryFolder } from './temporaryFolder.js';

const tiny: Settings = {
  ...{ data: 'mnist', width: 4, latent: 8, batch: 4, length: { steps: 2 } },
  ...{ encoderUpdates: '1;KL_real:1,match_x:10', generatorUpdates: '1;KL_fake:1,match_z:1000' },
};

/** An archive of 20 images of 32x32, as a data specification. */
function noiseArchive(channels: 1 | 3): string {
  const file = join(temporaryFolder(), 'noise.npz');
  const data = Uint8Array.from({ length: 20 * 1024 * channels }, (_, index) => (index * 2654435761) >>> 24);
  writeFileSync(file, npzArchive({ images: { shape: [20, 32, 32, channels], data } }));
  return `npz:${file}`;
}

/** Arguments that the types refuse, as a caller without types may give them. */
const WRONG: readonly [title: string, settings: unknown, options: unknown, texts: readonly string[]][] = [
  ['no settings', undefined, {}, ['settings: must be an object']],
  ['settings without data', {}, {}, ['data: must be a string', 'missing']],
  ['data that is not a string', { ...tiny, data: 7 }, {}, ['data: must be a string', '7']],
  ['unknown data', { ...tiny, data: 'nothing' }, {}, ['"nothing"', 'no such data set or folder']],
  ['an unknown setting', { ...tiny, widht: 3 }, {}, ['widht: no such setting', 'width']],
  ['a width that is not a number', { ...tiny, width: NaN }, {}, ['width', 'NaN']],
  ['threads that are not a number', tiny, { threads: NaN }, ['threads: must be a whole number', 'NaN']],
  ['a negative number of threads', tiny, { threads: -1 }, ['threads: must be a whole number', '-1']],
  ['an unknown device', tiny, { device: 'tpu' }, ['device: must be one of cpu, webgpu, cuda', '"tpu"']],
  ['an empty run folder name', tiny, { out: '' }, ['out: must be the path of a run folder', '""']],
  ['a run folder that is not a string', tiny, { out: 7 }, ['out: must be the path of a run folder', '7']],
  [
    'an unknown preset',
    { ...tiny, preset: 'publishd' },
    {},
    ['preset: unknown preset publishd, did you mean published?'],
  ],
  [
    'bytes as stages',
    { ...tiny, stages: new Uint8Array(1e6) },
    {},
    ['stages: must be', 'not a Uint8Array of 1000000 bytes'],
  ],
  ['control characters in a name', { ...tiny, data: 'red\u001b[31m\nline' }, {}, ['no such data set or folder', 'red']],
  ['two lengths', { ...tiny, steps: 3 }, {}, ['length and steps: both set the length of training; give one']],
  [
    'a run to resume without a folder',
    {},
    { out: undefined, resume: true },
    ['resume: the run folder is missing; set resume to it'],
  ],
  ['a missing run to resume', {}, { resume: true }, ['run folder not found']],
  [
    'a missing run to initialize from',
    { ...tiny, initFrom: 'no/run' },
    {},
    ['no/run: run folder or checkpoint not found'],
  ],
];

describe('train and trainingEvents reject, in one line and before writing anything,', () => {
  it.each(WRONG)('%s', async (_, settings, options, texts) => {
    const cwd = temporaryFolder();
    const given = { out: join(cwd, 'run'), ...(options as TrainOptions) };
    await expectInputError(() => train(settings as Settings, given), ...texts);
    await expectInputError(
      async () => {
        for await (const event of trainingEvents(settings as Settings, given)) expect(event).toBeUndefined();
      },
      ...texts,
    );
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('options that are not an object or misspelled', async () => {
    const out = join(temporaryFolder(), 'run');
    await expectInputError(() => train(tiny, 7 as unknown as TrainOptions), 'options: must be an object, not 7');
    await expectInputError(
      () => train(tiny, { out, thread: 1 } as TrainOptions),
      'thread: no such setting, did you mean threads?',
    );
    expect(existsSync(out)).toBe(false);
  });

  it('a signal and a listener of invalid types', async () => {
    const out = join(temporaryFolder(), 'run');
    await expectInputError(() => train(tiny, { out, signal: {} as AbortSignal }), 'signal: must be an AbortSignal');
    await expectInputError(
      () => train(tiny, { out, onEvent: 'loud' as unknown as () => void }),
      'onEvent: must be a function',
    );
  });
});

describe('openSource rejects in one line', () => {
  it.each<[title: string, args: readonly unknown[], texts: readonly string[]]>([
    ['no data', [], ['data: must be the name of a data set or a path', 'missing']],
    ['data that is not a string', [7], ['data: must be', '7']],
    ['a size that is not a number', ['mnist', { size: NaN, channels: 1 }], ['size: must be', 'NaN']],
    ['a format without channels', ['mnist', { size: 32 }], ['channels: must be 1 (grayscale) or 3 (RGB)', 'missing']],
    ['an unknown crop', ['mnist', { size: 32, channels: 1, crop: 'circle' }], ['crop: must be one of', 'circle']],
    [
      'a fraction that is not a number',
      ['mnist', undefined, { testFraction: 'half' }],
      ['testFraction: must be a number', 'half'],
    ],
    ...[0, 1, -0.5, 2, NaN].map((testFraction): [string, readonly unknown[], string[]] => [
      `a fraction of ${testFraction}`,
      ['mnist', undefined, { testFraction }],
      ['testFraction: must be a number above 0 and below 1', String(testFraction)],
    ]),
    ['a format that is no object', ['mnist', 'small'], ['format: must be an object', 'small']],
    ['a flag that is not a boolean', ['mnist', undefined, { strict: 'yes' }], ['strict: must be true or false', 'yes']],
  ])('%s', async (_, args, texts) => {
    await expectInputError(() => openSource(...(args as Parameters<typeof openSource>)), ...texts);
  });
});

describe('training through the library', () => {
  it('that is aborted before it starts rejects with the reason and writes nothing', async () => {
    const cwd = temporaryFolder();
    const reason = new Error('changed my mind');
    expect(await errorOf(() => train(tiny, { out: join(cwd, 'run'), signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('as events rejects if aborted before it starts, and ends saved if aborted later', async () => {
    const cwd = temporaryFolder();
    const reason = new Error('changed my mind');
    const events = trainingEvents(tiny, { out: join(cwd, 'run'), signal: AbortSignal.abort(reason) });
    expect(await errorOf(() => events.next())).toBe(reason);
    expect(readdirSync(cwd)).toEqual([]);
    const controller = new AbortController();
    const types: string[] = [];
    for await (const { type } of trainingEvents(
      { ...tiny, length: { steps: 100_000 } },
      { out: join(cwd, 'run'), signal: controller.signal },
    )) {
      types.push(type);
      if (type === 'iteration') controller.abort();
    }
    expect([types.includes('checkpoint'), types.at(-1)]).toEqual([true, 'end']);
  });

  it('creates a new folder, and does not change an existing run', async () => {
    const out = join(temporaryFolder(), 'run');
    const summary = await train({ ...tiny, data: noiseArchive(1) }, { out, threads: 1 });
    expect(summary).toMatchObject({
      steps: 2,
      interrupted: false,
      checkpoint: join(out, 'checkpoints', '000002.safetensors'),
    });
    expect(summary).toMatchObject({
      run: out,
      session_steps: expect.any(Number) as number,
      runtime_fraction: expect.any(Number) as number,
      test: { latent_cosine: expect.any(Number) as number },
    });
    await expectInputError(() => train(tiny, { out }), 'not empty', 'with resume');
  });

  it('uses its preset and other settings, and resumes with changes of mutable settings', async () => {
    const out = join(temporaryFolder(), 'run');
    const settings: Settings = {
      data: noiseArchive(1),
      preset: 'published',
      width: 4,
      latent: 8,
      batch: 4,
      schedule: 'constant',
      ema: 0.9,
      logEvery: 1,
      steps: 1,
    };
    const first = await train(settings, { out, threads: 1 });
    expect(first).toMatchObject({ steps: 1, test_raw: { latent_cosine: expect.any(Number) as number } });
    await expectInputError(
      () => train({ width: 8 }, { out, resume: true }),
      'width: the run in ',
      'was started with 4',
    );
    const events: RunEvent[] = [];
    for await (const event of trainingEvents({ steps: 2 }, { out, resume: true, threads: 1, tensorboard: true }))
      events.push(event);
    expect(events[0]).toMatchObject({
      type: 'start',
      run: out,
      step: 1,
      totalSteps: 2,
      images: { train: 19, test: 1 },
    });
    expect(events.at(-1)).toMatchObject({ type: 'end', summary: { run: out, steps: 2 } });
    expect(events).toContainEqual({ type: 'scoring', done: 1, total: 1 });
    expect(readdirSync(out).some((name) => name.startsWith('events.out.tfevents.'))).toBe(true);
    const model = await loadModel(out, { threads: 1 });
    expect([model.step, model.configuration.moment, model.imageShape]).toEqual([2, 'variance', [1, 32, 32]]);
    await model.release();
  });

  it('keeps the scores of a finished run that is resumed, without scoring again', async () => {
    const out = join(temporaryFolder(), 'run');
    const { test } = await train({ ...tiny, data: noiseArchive(1) }, { out, threads: 1 });
    const types: string[] = [];
    const onEvent = ({ type }: RunEvent) => void types.push(type);
    const again = await train({}, { out, resume: true, threads: 1, onEvent });
    expect(again).toMatchObject({ session_steps: 0, test });
    expect(types).toContain('trained');
    expect(types).not.toContain('scoring');
  });

  it('initializes weights and settings from another run, and warns if that loses color', async () => {
    const cwd = temporaryFolder();
    const [first, second] = [join(cwd, 'first'), join(cwd, 'second')];
    await train({ ...tiny, data: noiseArchive(1) }, { out: first, threads: 1 });
    const warnings: string[] = [];
    const onEvent = (event: RunEvent) => void (event.type === 'warning' && warnings.push(event.message));
    const data = noiseArchive(3);
    expect(await train({ data, initFrom: first, steps: 1 }, { out: second, threads: 1, onEvent })).toMatchObject({
      steps: 1,
    });
    expect(warnings).toEqual([
      expect.stringMatching(/has RGB images, but the weights of .* are for grayscale.*; set channels to 1/),
    ]);
    expect(readdirSync(join(second, 'checkpoints'))).toEqual(['000000.safetensors', '000001.safetensors']);
    await expectInputError(
      () => train({ data, initFrom: first, width: 8 }, { out: join(cwd, 'third') }),
      'width: expected 4',
      'but got 8',
    );
  });
});
