import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSource, type RunOptions, type Settings, train, trainingEvents } from '../src/node.js';
import { errorOf, expectInputError } from './rejection.js';
import { temporaryFolder } from './temporaryFolder.js';

const tiny: Settings = { data: 'mnist', width: 4, latent: 8, batch: 4, length: { steps: 2 } };

/** Arguments that the types refuse, as a caller without types may give them. */
const WRONG: readonly [title: string, settings: unknown, options: unknown, texts: readonly string[]][] = [
  ['no settings', undefined, {}, ['settings: must be an object']],
  ['settings without data', {}, {}, ['data: must be a string', 'missing']],
  ['data that are no text', { ...tiny, data: 7 }, {}, ['data: must be a string', '7']],
  ['unknown data', { ...tiny, data: 'nothing' }, {}, ['"nothing"', 'no such data set or folder']],
  ['an unknown setting', { ...tiny, widht: 3 }, {}, ['widht: no such setting', 'width']],
  ['a width that is no number', { ...tiny, width: NaN }, {}, ['width', 'NaN']],
  ['threads that are no number', tiny, { threads: NaN }, ['threads: must be a whole number', 'NaN']],
  ['a negative number of threads', tiny, { threads: -1 }, ['threads: must be a whole number', '-1']],
  ['an unknown device', tiny, { device: 'tpu' }, ['device: must be one of cpu, webgpu, cuda', '"tpu"']],
  ['a run folder without a name', tiny, { out: '' }, ['out: must be the path of a run folder', '""']],
  ['a run folder that is no text', tiny, { out: undefined }, ['out: must be the path of a run folder', 'missing']],
];

describe('train and trainingEvents refuse, in one line and before anything is written,', () => {
  it.each(WRONG)('%s', async (_, settings, options, texts) => {
    const cwd = temporaryFolder();
    const given = { out: join(cwd, 'run'), ...(options as Partial<RunOptions>) };
    await expectInputError(() => train(settings as Settings, given), ...texts);
    await expectInputError(
      async () => {
        for await (const event of trainingEvents(settings as Settings, given)) expect(event).toBeUndefined();
      },
      ...texts,
    );
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('options that are missing or misspelled, and settings that only the command line has', async () => {
    const out = join(temporaryFolder(), 'run');
    await expectInputError(() => train(tiny, undefined as unknown as RunOptions), 'options: ', 'must be an object');
    await expectInputError(() => train(tiny, { out, thread: 1 } as unknown as RunOptions), 'thread: no such setting, did you mean threads?');
    await expectInputError(() => train({ ...tiny, initFrom: 'elsewhere' }, { out }), 'from: only the command line');
    expect(existsSync(out)).toBe(false);
  });

  it('a signal and a listener of other types', async () => {
    const out = join(temporaryFolder(), 'run');
    await expectInputError(() => train(tiny, { out, signal: {} as AbortSignal }), 'signal: must be an AbortSignal');
    await expectInputError(() => train(tiny, { out, onEvent: 'loud' as unknown as () => void }), 'onEvent: must be a function');
  });
});

describe('openSource refuses in one line', () => {
  it.each<[title: string, args: readonly unknown[], texts: readonly string[]]>([
    ['no data', [], ['data: must be the name of a data set or a path', 'missing']],
    ['data that are no text', [7], ['data: must be', '7']],
    ['a size that is no number', ['mnist', { size: NaN, channels: 1 }], ['format.size', 'NaN']],
    ['a format without channels', ['mnist', { size: 32 }], ['format.channels: must be 1 (grayscale) or 3 (RGB)', 'missing']],
    ['an unknown crop', ['mnist', { size: 32, channels: 1, crop: 'circle' }], ['format.crop: must be one of', 'circle']],
    ['a fraction that is no number', ['mnist', undefined, { testFraction: 'half' }], ['options.testFraction: must be a number', 'half']],
    ['a switch that is no boolean', ['mnist', undefined, { strict: 'yes' }], ['options.strict: must be true or false', 'yes']],
  ])('%s', async (_, args, texts) => {
    await expectInputError(() => openSource(...(args as Parameters<typeof openSource>)), ...texts);
  });
});

describe('a training of the library', () => {
  it('that is aborted before it begins rejects with the reason and writes nothing', async () => {
    const cwd = temporaryFolder();
    const reason = new Error('changed my mind');
    expect(await errorOf(() => train(tiny, { out: join(cwd, 'run'), signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('as events that is aborted before it begins rejects as well, and one that is aborted later ends saved', async () => {
    const cwd = temporaryFolder();
    const reason = new Error('changed my mind');
    const events = trainingEvents(tiny, { out: join(cwd, 'run'), signal: AbortSignal.abort(reason) });
    expect(await errorOf(() => events.next())).toBe(reason);
    expect(readdirSync(cwd)).toEqual([]);
    const controller = new AbortController();
    const types: string[] = [];
    for await (const { type } of trainingEvents({ ...tiny, length: { steps: 100_000 } }, { out: join(cwd, 'run'), signal: controller.signal })) {
      types.push(type);
      if (type === 'iteration') controller.abort();
    }
    expect([types.includes('checkpoint'), types.at(-1)]).toEqual([true, 'end']);
  });

  it('trains into a new folder, and leaves an existing run as it is', async () => {
    const out = join(temporaryFolder(), 'run');
    const summary = await train(tiny, { out, threads: 1 });
    expect(summary).toMatchObject({ steps: 2, interrupted: false, checkpoint: join(out, 'checkpoints', '000002.safetensors') });
    await expectInputError(() => train(tiny, { out }), 'not empty');
  });
});
