import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { initialState, modelWeights, stateFromWeights } from '../../src/training/trainer.js';
import type { TrainingEvent } from '../../src/training/events.js';
import { RunFolder } from '../../src/runs/runFolder.node.js';
import { errorOf, expectInputError } from '../rejection.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { type Direction, runTraining } from '../../src/training/trainingLoop.js';
import { MemoryStore } from './memoryStore.js';
import { createRun, tinyCheckpoint, tinyConfiguration } from './tinyTraining.js';
import { compile, resumed, latestOf, logOf, namesIn, newFolder, source, trained, type Trained } from './trainings.js';

/** The tiny configuration's four iterations in one piece: what others are held against. */
let whole: Trained;
const wholePath = join(sharedTemporaryFolder(), 'run');
beforeAll(async () => {
  whole = await trained(tinyConfiguration(), { folder: await createRun(wholePath, tinyConfiguration()) });
});

describe('training', () => {
  it('ends after its length with a checkpoint, previews and a log in the run folder', async () => {
    const { folder, summary, events } = whole;
    expect(summary).toMatchObject({ steps: 4, interrupted: false });
    expect(summary.checkpoint).toBe(join(folder.path, 'checkpoints', '000004.safetensors'));
    expect((await folder.readLatestCheckpoint())?.step).toBe(4);
    // 8 by 8 samples; 5 pairs, 4 in a row.
    expect(await sharp(summary.samples).metadata()).toMatchObject({ width: 8 * 34 + 2, height: 8 * 34 + 2 });
    expect(await sharp(summary.reconstructions).metadata()).toMatchObject({ width: 8 * 34 + 2, height: 2 * 34 + 2 });
    expect(logOf(folder).map(({ step, epoch }) => [step, epoch])).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 0],
    ]);
    expect(events.map(({ type }) => type)).toEqual([
      'start',
      'iteration',
      'iteration',
      'iteration',
      'iteration',
      'checkpoint',
      'previews',
      'trained',
    ]);
  });

  it('saves a density of codes with its checkpoints, and saves them without one if it cannot be fitted', async () => {
    expect((await whole.folder.readLatestCheckpoint())?.density?.means.length).toBe(tinyConfiguration().latent);
    const broken = () => Promise.reject(new InputError('device', 'lost'));
    const { folder, events } = await trained(tinyConfiguration(), { compile: broken, compileIteration: compile });
    const last = await folder.readLatestCheckpoint();
    expect([last?.step, last?.density]).toEqual([4, undefined]);
    expect(events.filter(({ type }) => type === 'warning')).toEqual([
      { type: 'warning', message: 'device: lost: samples of this checkpoint are drawn from the prior' },
      { type: 'warning', message: 'device: lost: the previews of this iteration are skipped' },
    ]);
  });

  it('logs, draws and saves at its intervals, and never twice for the same iteration', async () => {
    const { folder } = await trained(
      tinyConfiguration({ length: { steps: 6 }, logEvery: 4, sampleEvery: 3, checkpointEvery: 2 }),
    );
    expect(logOf(folder).map(({ step }) => step)).toEqual([1, 4]);
    expect(namesIn(folder, 'samples')).toEqual(['000003.png', '000006.png']);
    expect(namesIn(folder, 'reconstructions')).toEqual(['000003.png', '000006.png']);
    expect(namesIn(folder, 'checkpoints')).toEqual(['000002.safetensors', '000004.safetensors', '000006.safetensors']);
  });

  it('for N epochs uses the images N times', async () => {
    const { summary, folder } = await trained(tinyConfiguration({ length: { epochs: 2 } }));
    expect(summary.steps).toBe(8);
    expect(logOf(folder).map(({ epoch }) => epoch)).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
  });

  it('leaves no temporary file behind', () => {
    const names = readdirSync(whole.folder.path, { recursive: true }).map(String);
    expect(names.sort()).toEqual(
      [
        'checkpoints',
        'checkpoints/000004.safetensors',
        'codes',
        'codes/000004.npy',
        'config.json',
        'log.jsonl',
        'reconstructions',
        'reconstructions/000004.png',
        'samples',
        'samples/000004.png',
      ].map((name) => join(...name.split('/'))),
    );
  });

  it('with the same seed has the same log, weights and previews', async () => {
    const again = await trained(tinyConfiguration());
    expect(logOf(again.folder)).toEqual(logOf(whole.folder));
    for (const file of ['checkpoint', 'samples', 'reconstructions'] as const)
      expect(readFileSync(again.summary[file]!)).toEqual(readFileSync(whole.summary[file]!));
    const other = await trained(tinyConfiguration({ seed: 2 }));
    expect(logOf(other.folder)).not.toEqual(logOf(whole.folder));
  });

  it('in two halves ends bitwise identical', async () => {
    const { folder } = await trained(tinyConfiguration({ length: { steps: 2 } }));
    const again = await RunFolder.open(folder.path);
    const start = await latestOf(again);
    const { summary } = await trained(tinyConfiguration(), { folder: again, start });
    expect([start.step, summary.steps]).toEqual([2, 4]);
    expect(logOf(again)).toEqual(logOf(whole.folder));
    for (const file of ['checkpoint', 'samples', 'reconstructions'] as const)
      expect(readFileSync(summary[file]!)).toEqual(readFileSync(whole.summary[file]!));
  });

  it('resumed from an earlier checkpoint truncates the log to it and continues its time', async () => {
    const { folder } = await trained(tinyConfiguration({ checkpointEvery: 2 }));
    const before = logOf(folder);
    rmSync(join(folder.path, 'checkpoints', '000004.safetensors'));
    const log = join(folder.path, 'log.jsonl');
    const lines = readFileSync(log, 'utf8').split('\n');
    // As if the first two iterations had taken a million seconds.
    writeFileSync(
      log,
      lines
        .map((line, index) => (index < 2 ? line.replace(/"seconds":[\d.]+/, `"seconds":${1e6 + index}`) : line))
        .join('\n'),
    );
    const start = await latestOf(folder);
    expect(start.step).toBe(2);
    await trained(tinyConfiguration(), { folder, start });
    expect(logOf(folder)).toEqual(before);
    const seconds = readFileSync(log, 'utf8')
      .match(/"seconds":([\d.]+)/g)!
      .map((entry) => Number(entry.slice('"seconds":'.length)));
    expect(seconds.slice(0, 2)).toEqual([1e6, 1e6 + 1]);
    expect(seconds[2]).toBeGreaterThanOrEqual(1e6 + 1);
    expect(seconds[3]).toBeLessThan(1.5e6);
  });

  it('that has reached its length does nothing', async () => {
    const [checkpoint, log] = [readFileSync(whole.summary.checkpoint), logOf(whole.folder)];
    const again = await trained(tinyConfiguration(), { folder: whole.folder, start: await latestOf(whole.folder) });
    expect(again.summary).toMatchObject({ steps: 4, interrupted: false });
    expect(readFileSync(whole.summary.checkpoint)).toEqual(checkpoint);
    expect(logOf(whole.folder)).toEqual(log);
  });
});

describe('training that is aborted', () => {
  it('finishes its iteration, saves it, and can be resumed', async () => {
    const controller = new AbortController();
    const configuration = tinyConfiguration({ length: { steps: 50 }, logEvery: 1 });
    const abortAt = (event: TrainingEvent) =>
      event.type === 'iteration' && event.report.step === 2 && controller.abort();
    const { folder, summary } = await trained(configuration, { signal: controller.signal, onEvent: abortAt });
    expect(summary).toMatchObject({ steps: 2, interrupted: true });
    expect(existsSync(summary.samples!)).toBe(true);
    expect(logOf(folder).map(({ step }) => step)).toEqual([1, 2]);

    const start = await latestOf(folder);
    await trained(tinyConfiguration(), { folder, start });
    expect(logOf(folder)).toEqual(logOf(whole.folder));
  });

  it('before its first iteration saves its initial state', async () => {
    const { folder, summary } = await trained(tinyConfiguration(), { signal: AbortSignal.abort() });
    expect(summary).toMatchObject({ steps: 0, interrupted: true });
    expect((await folder.readLatestCheckpoint())?.step).toBe(0);
  });

  it('stops while running when a timer aborts it', async () => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), 50);
    const { summary } = await trained(tinyConfiguration({ length: { steps: 1_000_000 }, logEvery: 1_000_000 }), {
      signal: controller.signal,
    });
    clearTimeout(timer);
    expect(summary.interrupted).toBe(true);
    expect(summary.steps).toBeLessThan(10_000);
  });
});

describe('training that fails', () => {
  it('stops at a loss that is not finite, and keeps earlier checkpoints', async () => {
    const configuration = tinyConfiguration({ checkpointEvery: 1, encoderUpdates: '1;KL_real:1e300' });
    const folder = await newFolder(configuration);
    await folder.writeCheckpoint(tinyCheckpoint(configuration, 0));
    const error = await errorOf(() => trained(configuration, { folder }));
    expect((error as Error).message).toMatch(
      /^training diverged: encoder\.loss is (Infinity|NaN|-Infinity) at iteration 1;/,
    );
    expect(namesIn(folder, 'checkpoints')).toEqual(['000000.safetensors']);
    expect(logOf(folder)).toEqual([]);
  });
});

describe('training initialized from another run', () => {
  const configuration = tinyConfiguration({ initFrom: 'runs/other', ema: 0.9 });
  const start = stateFromWeights(modelWeights(initialState(tinyConfiguration({ seed: 9 })).vectors), configuration);

  it('saves its initial weights first, because the seed does not determine them', async () => {
    const { folder, events } = await trained(configuration, { start });
    expect(events.map(({ type }) => type).slice(0, 3)).toEqual(['start', 'checkpoint', 'iteration']);
    expect(namesIn(folder, 'checkpoints')).toEqual(['000000.safetensors', '000004.safetensors']);
    rmSync(join(folder.path, 'checkpoints', '000004.safetensors'));
    expect(await latestOf(folder)).toMatchObject({ configuration, ...start });
  });

  it('ends identically when resumed from them', async () => {
    const { folder, summary } = await trained(configuration, { start });
    const [expected, log] = [readFileSync(summary.checkpoint), logOf(folder)];
    rmSync(summary.checkpoint);
    const again = await resumed(configuration, folder);
    expect(again.events[0]).toMatchObject({ type: 'start', step: 0 });
    expect(readFileSync(again.summary.checkpoint)).toEqual(expected);
    expect(logOf(folder)).toEqual(log);
  });

  it('does not save them when resumed later', async () => {
    const { events } = await trained(configuration, { start: { ...start, step: 2 } });
    expect(events.map(({ type }) => type).slice(0, 2)).toEqual(['start', 'iteration']);
  });
});

describe('a paused training', () => {
  /** Trains while `steer` says how. */
  const steered = async (steer: (step: number) => Direction) => {
    const store = new MemoryStore();
    const events: TrainingEvent[] = [];
    const configuration = tinyConfiguration({ logEvery: 100 });
    const summary = await runTraining({
      configuration,
      source,
      store,
      compile,
      steer,
      subscribers: [(event) => void events.push(event)],
    });
    return {
      store,
      summary,
      kinds: events.map((event) => ('step' in event ? `${event.type} ${event.step}` : event.type)),
    };
  };

  it('is logged, drawn and saved, and continues to the same weights', async () => {
    let pauses = 0;
    const { store, summary, kinds } = await steered((step) => (step === 2 && pauses++ < 2 ? 'pause' : 'train'));
    expect(summary).toMatchObject({ steps: 4, interrupted: false });
    expect(kinds.slice(3, 8)).toEqual(['previews 2', 'checkpoint 2', 'paused 2', 'continued 2', 'iteration']);
    expect(store.entries.map(({ step }) => step)).toEqual([1, 2]);
    expect(store.checkpoints.get(4)).toEqual((await steered(() => 'train')).store.checkpoints.get(4));
  });

  it('is not saved after each single step', async () => {
    const paused = new Set<number>();
    // Each iteration from the first on waits once.
    const { store, kinds } = await steered((step) =>
      step > 0 && !paused.has(step) && paused.add(step) ? 'pause' : 'train',
    );
    expect(kinds.filter((kind) => kind.startsWith('paused'))).toEqual(['paused 1', 'paused 2', 'paused 3']);
    expect(Array.from(store.checkpoints.keys())).toEqual([1, 4]);
    expect(Array.from(store.previews.keys())).toEqual([1, 2, 3, 4]);
  });

  it('can be stopped', async () => {
    let asked = 0;
    const { summary, store } = await steered((step) => (step < 2 ? 'train' : asked++ === 0 ? 'pause' : 'stop'));
    expect(summary).toMatchObject({ steps: 2, interrupted: true });
    expect(Array.from(store.checkpoints.keys())).toEqual([2]);
  });

  it('has the codes of the first test images as the encoder maps them', async () => {
    const { store } = await steered(() => 'train');
    const { codes } = store.previews.get(4)!;
    expect(codes.shape).toEqual([5, 8]);
    for (let row = 0; row < 5; row++)
      expect(Math.hypot(...codes.data.subarray(8 * row, 8 * row + 8))).toBeCloseTo(1, 4);
  });
});

describe('a training folder', () => {
  it('rejects a second training process, which changes nothing', async () => {
    const folder = await newFolder(tinyConfiguration());
    const lock = await (await RunFolder.open(folder.path)).lock();
    const longer = tinyConfiguration({ length: { steps: 9 } });
    await expectInputError(
      () => trained(longer, { folder }),
      folder.path,
      `process ${process.pid} is training into this folder`,
    );
    expect(await folder.readConfiguration()).toEqual(tinyConfiguration());
    expect(readdirSync(folder.path).sort()).toEqual([
      '.lock',
      'checkpoints',
      'codes',
      'config.json',
      'reconstructions',
      'samples',
    ]);
    await lock.release();
    await trained(longer, { folder });
    expect(await folder.readConfiguration()).toEqual(longer);
  });

  it('is locked while the first one runs, and free after it, however it ended', async () => {
    const configuration = tinyConfiguration({ encoderUpdates: '1;KL_real:1e300' });
    const folder = await newFolder(configuration);
    const other = await RunFolder.open(folder.path);
    let second: Promise<void> | undefined;
    const subscriber = () =>
      (second ??= expectInputError(() => trained(configuration, { folder: other }), 'is training into this folder'));
    expect(await errorOf(() => trained(configuration, { folder, subscribers: [subscriber] }))).toBeInstanceOf(Error);
    expect(second).toBeDefined();
    expect(existsSync(join(folder.path, '.lock'))).toBe(false);
  });
});

describe('training into a store other than a folder', () => {
  it('is bitwise identical, also if it is resumed there', async () => {
    const store = new MemoryStore();
    for (const steps of [2, 4])
      await runTraining({ configuration: tinyConfiguration({ length: { steps } }), source, store, compile });
    expect(store.checkpoints.get(4)).toEqual(Uint8Array.from(readFileSync(whole.summary.checkpoint)));
    expect([...store.checkpoints.keys(), ...store.previews.keys()]).toEqual([2, 4, 2, 4]);
    expect(store.entries.map(({ seconds: _s, iterations_per_second: _i, ...entry }) => entry)).toEqual(
      logOf(whole.folder),
    );
    expect([store.configuration, store.isLocked]).toEqual([tinyConfiguration(), false]);
  });
});
