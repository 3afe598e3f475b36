import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { RunFolder } from '../../src/runs/runFolder.node.js';
import type { TrainingEvent } from '../../src/training/events.js';
import { expectInputError } from '../rejection.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { createRun, tinyConfiguration } from '../training/tinyTraining.js';
import {
  resumed,
  latestOf,
  logOf,
  namesIn,
  newFolder,
  stepsOf,
  trained,
  type Trained,
  warningsOf,
} from '../training/trainings.js';

const configuration = tinyConfiguration({ length: { steps: 6 }, checkpointEvery: 2, sampleEvery: 2 });
const RETRY_SECONDS = 0.01;

/** The same training on a disk that never fails. */
let whole: Trained;
const wholePath = join(sharedTemporaryFolder(), 'run');
beforeAll(async () => {
  whole = await trained(configuration, { folder: await createRun(wholePath, configuration) });
});

/** A subfolder that can be replaced by something that cannot be written into. */
function partOf(folder: RunFolder, name: string) {
  const [path, aside] = [join(folder.path, name), join(folder.path, `${name}-aside`)];
  return {
    aside,
    block(): void {
      renameSync(path, aside);
      if (name === 'log.jsonl') mkdirSync(path);
      else writeFileSync(path, 'in the way');
    },
    free(): void {
      rmSync(path, { recursive: true });
      renameSync(aside, path);
    },
  };
}

const isIteration = (event: TrainingEvent, step: number): boolean =>
  event.type === 'iteration' && event.report.step === step;

function expectAsWhole({ folder, summary }: Trained): void {
  expect(readFileSync(summary.checkpoint)).toEqual(readFileSync(whole.summary.checkpoint));
  expect(logOf(folder)).toEqual(logOf(whole.folder));
}

describe('training whose checkpoints cannot be written', () => {
  it('reports it, waits with its state in memory, and continues once they can', async () => {
    const folder = await newFolder(configuration);
    const part = partOf(folder, 'checkpoints');
    const onEvent = (event: TrainingEvent) => {
      if (isIteration(event, 3)) part.block();
      if (event.type === 'warning' && event.message.includes('training is paused')) setTimeout(() => part.free(), 60);
    };
    const run = await trained(configuration, { folder, onEvent, retrySeconds: RETRY_SECONDS });
    expect(warningsOf(run.events)).toEqual([
      expect.stringMatching(
        /000004\.safetensors: cannot be written \(.*\): training is paused and retries every 0\.01 s; free disk space, or press Ctrl-C to stop$/,
      ),
      'write succeeded; training continues',
    ]);
    // Training is paused.
    const types = run.events.map(({ type }) => type);
    expect(types.slice(types.indexOf('warning'), types.indexOf('warning') + 4)).toEqual([
      'warning',
      'warning',
      'checkpoint',
      'iteration',
    ]);
    expect(namesIn(folder, 'checkpoints')).toEqual(['000002.safetensors', '000004.safetensors', '000006.safetensors']);
    expectAsWhole(run);
  });

  it('ends with the reason if stopped while waiting, and keeps the last checkpoint intact', async () => {
    const folder = await newFolder(configuration);
    const part = partOf(folder, 'checkpoints');
    const controller = new AbortController();
    let before: Buffer | undefined;
    const onEvent = (event: TrainingEvent) => {
      if (isIteration(event, 3)) {
        before = readFileSync(join(folder.path, 'checkpoints', '000002.safetensors'));
        part.block();
      }
      if (event.type === 'warning') setTimeout(() => controller.abort(), 30);
    };
    // So long that only the stop ends it.
    const options = { folder, onEvent, retrySeconds: 1000, signal: controller.signal };
    await expectInputError(() => trained(configuration, options), '000004.safetensors: cannot be written');
    expect(readFileSync(join(part.aside, '000002.safetensors'))).toEqual(before);
    expect(existsSync(join(folder.path, '.lock'))).toBe(false);
    part.free();
    expect((await latestOf(folder)).step).toBe(2);
    expectAsWhole(await resumed(configuration, folder));
  });

  it('also waits at its end', async () => {
    const short = tinyConfiguration({ length: { steps: 2 } });
    const folder = await newFolder(short);
    const part = partOf(folder, 'checkpoints');
    const onEvent = (event: TrainingEvent) => {
      if (isIteration(event, 2)) part.block();
      if (event.type === 'warning' && event.message.includes('training is paused')) setTimeout(() => part.free(), 30);
    };
    const { summary } = await trained(short, { folder, onEvent, retrySeconds: RETRY_SECONDS });
    expect(summary.checkpoint).toBe(join(folder.path, 'checkpoints', '000002.safetensors'));
    expect((await latestOf(folder)).step).toBe(2);
  });
});

describe('training whose folder is gone', () => {
  it('waits for a new folder at its path and recreates the run folder there', async () => {
    const folder = await newFolder(configuration);
    const onEvent = (event: TrainingEvent) => {
      if (isIteration(event, 3)) rmSync(folder.path, { recursive: true });
      if (event.type === 'warning' && event.message.includes('training is paused'))
        setTimeout(() => mkdirSync(folder.path), 60);
    };
    const { summary } = await trained(configuration, { folder, onEvent, retrySeconds: RETRY_SECONDS });
    const again = await RunFolder.open(folder.path);
    expect(await again.readConfiguration()).toEqual(configuration);
    expect(readFileSync((await latestOf(again)).file)).toEqual(readFileSync(whole.summary.checkpoint));
    expect(Object.keys(summary)).toEqual(expect.arrayContaining(['samples', 'reconstructions']));
    // Its lines of before are gone with it; later ones are not.
    expect(stepsOf(folder)).toEqual([3, 4, 5, 6]);
  });
});

describe('training whose log cannot be written', () => {
  it('keeps the lines, reports it once, and writes them when it can', async () => {
    const folder = await newFolder(configuration);
    const part = partOf(folder, 'log.jsonl');
    const onEvent = (event: TrainingEvent) => {
      if (isIteration(event, 2)) part.block();
      if (isIteration(event, 5)) part.free();
    };
    const run = await trained(configuration, { folder, onEvent });
    expect(warningsOf(run.events)).toEqual([
      expect.stringMatching(/log\.jsonl: cannot be written \(.*\): its lines wait in memory$/),
    ]);
    expect(stepsOf(folder)).toEqual([1, 2, 3, 4, 5, 6]);
    expectAsWhole(run);
  });

  it('saves its last iteration, and does not end before the lines are written', async () => {
    const folder = await newFolder(configuration);
    const part = partOf(folder, 'log.jsonl');
    const onEvent = (event: TrainingEvent) => {
      if (isIteration(event, 4)) part.block();
      if (event.type === 'warning' && event.message.includes('training is paused')) {
        expect(existsSync(join(folder.path, 'checkpoints', '000006.safetensors'))).toBe(true);
        setTimeout(() => part.free(), 30);
      }
    };
    const run = await trained(configuration, { folder, onEvent, retrySeconds: RETRY_SECONDS });
    expect(warningsOf(run.events)).toEqual([
      expect.stringContaining('wait in memory'),
      expect.stringContaining('training is paused'),
      'write succeeded; training continues',
    ]);
    expectAsWhole(run);
  });
});

describe('training whose previews cannot be written', () => {
  it('skips them with a warning, and draws those that it can', async () => {
    const folder = await newFolder(configuration);
    const part = partOf(folder, 'samples');
    const onEvent = (event: TrainingEvent) => {
      if (isIteration(event, 1)) part.block();
      if (isIteration(event, 3)) part.free();
    };
    const run = await trained(configuration, { folder, onEvent });
    expect(warningsOf(run.events)).toEqual([
      expect.stringMatching(/000002\.png: cannot be written \(.*\): the previews of this iteration are skipped$/),
    ]);
    expect(namesIn(folder, 'samples')).toEqual(['000004.png', '000006.png']);
    expect(run.summary.samples).toBe(join(folder.path, 'samples', '000006.png'));
    expectAsWhole(run);
  });

  it('ends without them if it cannot draw the last', async () => {
    const folder = await newFolder(configuration);
    const part = partOf(folder, 'reconstructions');
    const run = await trained(configuration, { folder, onEvent: (event) => isIteration(event, 5) && part.block() });
    expect(Object.keys(run.summary)).not.toEqual(expect.arrayContaining(['samples']));
    expect(run.summary.reconstructions).toBeUndefined();
    expectAsWhole(run);
  });
});
