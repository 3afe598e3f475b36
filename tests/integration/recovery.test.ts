import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Compile, DeviceError, nextName } from '../../src/engine/index.js';
import { initialState, Trainer } from '../../src/training/trainer.js';
import type { TrainingEvent } from '../../src/training/events.js';
import type { RunFolder } from '../../src/runs/runFolder.node.js';
import { errorOf, expectInputError } from '../rejection.js';
import { tinyConfiguration } from '../training/tinyTraining.js';
import {
  compile,
  compileBroken,
  copyOf,
  resumed,
  latestOf,
  logOf,
  namesIn,
  newFolder,
  type Place,
  stepsOf,
  trained,
  warningsOf,
} from '../training/trainings.js';

const RATE = 2e-4;
const brokenAt = (...places: readonly (readonly [step: number, share: number])[]) =>
  compileBroken(places.map(([step, share]): Place => ({ step, rate: share * RATE })));
const rollback = (changes: Parameters<typeof tinyConfiguration>[0] = {}) =>
  tinyConfiguration({
    onNan: 'rollback',
    checkpointEvery: 2,
    length: { steps: 6 },
    learningRate: RATE,
    ema: 0.9,
    ...changes,
  });

describe('training with a NaN or infinite value', () => {
  it('stops, reports its name and iteration, and keeps earlier log entries and checkpoints', async () => {
    const configuration = tinyConfiguration({ checkpointEvery: 2, length: { steps: 6 } });
    const folder = await newFolder(configuration);
    const error = await errorOf(() => trained(configuration, { folder, compile: brokenAt([4, 1]) }));
    expect((error as Error).message).toMatch(
      /^training diverged: encoder\.\w+ is NaN at iteration 4; earlier checkpoints are intact; lower learningRate, or set onNan to rollback$/,
    );
    expect(namesIn(folder, 'checkpoints')).toEqual(['000002.safetensors']);
    expect(stepsOf(folder)).toEqual([1, 2, 3]);
    expect(existsSync(join(folder.path, '.lock'))).toBe(false);
    // If the cause is gone, training continues as if nothing had happened.
    const [again, whole] = [await resumed(configuration, folder), await trained(configuration)];
    expect(readFileSync(again.summary.checkpoint)).toEqual(readFileSync(whole.summary.checkpoint));
  });

  it('rolls back to the last checkpoint at half the learning rate if configured, and reports it', async () => {
    const { folder, summary, events } = await trained(rollback(), { compile: brokenAt([4, 1]) });
    expect(summary).toMatchObject({ steps: 6, interrupted: false });
    expect(warningsOf(events)).toEqual([
      expect.stringMatching(
        /^encoder\.\w+ is NaN at iteration 4; rolled back to iteration 2, learning rate now 0\.5x the configured value$/,
      ),
    ]);
    expect(logOf(folder).map((entry) => [entry.step, entry.learning_rate! / RATE])).toEqual([
      [1, 1],
      [2, 1],
      [3, 0.5],
      [4, 0.5],
      [5, 0.5],
      [6, 0.5],
    ]);
    expect(events.flatMap((event) => (event.type === 'iteration' ? [event.report.step] : []))).toEqual([
      1, 2, 3, 3, 4, 5, 6,
    ]);
  });

  it('continues after a rollback as from a checkpoint at half the learning rate', async () => {
    const { folder, summary } = await trained(rollback(), { compile: brokenAt([4, 1]) });
    const first = await trained(rollback({ length: { steps: 2 } }));
    const half = { ...(await latestOf(first.folder)), rateScale: 0.5 };
    const rest = await trained(rollback(), { start: half });
    expect(await latestOf(folder)).toMatchObject({ vectors: (await latestOf(rest.folder)).vectors, rateScale: 0.5 });
    expect(logOf(folder).slice(2)).toEqual(logOf(rest.folder));
    expect(readFileSync(summary.samples!)).toEqual(readFileSync(rest.summary.samples!));
  });

  it('restarts if there is no checkpoint yet', async () => {
    const configuration = rollback({ checkpointEvery: 0 });
    const { summary, folder } = await trained(configuration, { compile: brokenAt([3, 1]) });
    const half = await trained(configuration, { start: { ...initialState(configuration), rateScale: 0.5 } });
    expect(readFileSync(summary.checkpoint)).toEqual(readFileSync(half.summary.checkpoint));
    expect(logOf(folder)).toEqual(logOf(half.folder));
  });

  it('rolls back up to the maximum number of times, then stops', async () => {
    const everyTime = [1, 0.5, 0.25, 0.125].map((share) => [3, share] as const);
    const folder = await newFolder(rollback());
    const events: TrainingEvent[] = [];
    const error = await errorOf(() =>
      trained(rollback({ maxRollbacks: 2 }), {
        folder,
        compile: brokenAt(...everyTime),
        onEvent: (event) => void events.push(event),
      }),
    );
    expect((error as Error).message).toMatch(
      /^training diverged: encoder\.\w+ is NaN at iteration 3 after 2 rollbacks; earlier checkpoints/,
    );
    expect(warningsOf(events)).toHaveLength(2);
    expect(await latestOf(folder)).toMatchObject({ step: 2, rateScale: 0.25 });
    expect(stepsOf(folder)).toEqual([1, 2]);
    // Those before a resumption count as well.
    const again = await errorOf(() =>
      resumed(rollback({ maxRollbacks: 2 }), folder, { compile: brokenAt(...everyTime) }),
    );
    expect((again as Error).message).toBe((error as Error).message);
    expect(
      (await resumed(rollback({ maxRollbacks: 3 }), folder, { compile: brokenAt(...everyTime.slice(0, 3)) })).summary
        .steps,
    ).toBe(6);
  });

  it('does not roll back if the maximum is 0', async () => {
    const error = await errorOf(() => trained(rollback({ maxRollbacks: 0 }), { compile: brokenAt([1, 1]) }));
    expect((error as Error).message).toMatch(
      /^training diverged: encoder\.\w+ is NaN at iteration 1; earlier checkpoints/,
    );
  });
});

it('that rolled back twice and is killed at any moment ends bitwise identical', async () => {
  const configuration = rollback({ length: { steps: 5 } });
  const broken = brokenAt([4, 1], [5, 0.5]);
  const copies: Promise<RunFolder>[] = [];
  const folder = await newFolder(configuration);
  // Around each way back, and once in an iteration after a checkpoint.
  const onEvent = (event: TrainingEvent) => {
    if (
      event.type === 'checkpoint' ||
      event.type === 'warning' ||
      (event.type === 'iteration' && event.report.step === 3)
    )
      copies.push(copyOf(folder));
  };
  const whole = await trained(configuration, { folder, compile: broken, onEvent });
  expect(warningsOf(whole.events)).toHaveLength(2);
  expect(copies.length).toBe(9);
  for (const copy of await Promise.all(copies)) {
    const { summary } = await resumed(configuration, copy, { compile: broken });
    expect(logOf(copy)).toEqual(logOf(folder));
    for (const file of ['checkpoint', 'samples', 'reconstructions'] as const)
      expect(readFileSync(summary[file]!)).toEqual(readFileSync(whole.summary[file]!));
  }
});

describe('a device that fails', () => {
  const configuration = tinyConfiguration({ checkpointEvery: 2, length: { steps: 6 } });
  const problem = () => new DeviceError('device webgpu', 'failed (lost)');

  /** Compiles programs that fail in their fourth run. */
  const compileFailing =
    (onFailure: () => void = () => undefined): Compile =>
    async (graph) => {
      const program = await compile(graph);
      const run = program.runOnDevice.bind(program);
      let runs = 0;
      program.runOnDevice = (feeds, into) => {
        if (++runs < 4) return run(feeds, into);
        onFailure();
        return Promise.reject(problem());
      };
      return program;
    };

  it('saves its state if that can be read, and reports how to resume', async () => {
    const folder = await newFolder(configuration);
    const message = `device webgpu: failed (lost) after 3 iterations; iteration 3 is saved; continue with resume ${folder.path}, and with device cpu if this device fails again`;
    await expectInputError(() => trained(configuration, { folder, compile: compileFailing() }), message);
    expect(namesIn(folder, 'checkpoints')).toEqual(['000002.safetensors', '000003.safetensors']);
    const [again, whole] = [await resumed(configuration, folder), await trained(configuration)];
    expect(readFileSync(again.summary.checkpoint)).toEqual(readFileSync(whole.summary.checkpoint));
  });

  it.each([
    [2, 'iteration 2 is saved'],
    [0, 'no checkpoint was saved yet'],
  ])('keeps the checkpoints of every %i iterations if its state cannot be read', async (checkpointEvery, saved) => {
    const every = tinyConfiguration({ checkpointEvery, length: { steps: 6 } });
    const folder = await newFolder(every);
    onTestFinished(() => void vi.restoreAllMocks());
    const lost = compileFailing(() => vi.spyOn(Trainer.prototype, 'readState').mockRejectedValue(problem()));
    await expectInputError(
      () => trained(every, { folder, compile: lost }),
      `after 3 iterations; ${saved}; continue with resume ${folder.path}`,
    );
    expect(stepsOf(folder)).toEqual([1, 2, 3]);
  });

  it('saves the state between two stages if the next one cannot be compiled', async () => {
    const staged = tinyConfiguration({ length: { steps: 6 }, stages: [{ epoch: 1, generatorUpdates: '1;KL_fake:1' }] });
    const folder = await newFolder(staged);
    let graphs = 0;
    // Iterations have state, previews have none.
    const failing: Compile = (graph) =>
      nextName('encoder.parameters') in graph.outputs && ++graphs === 2 ? Promise.reject(problem()) : compile(graph);
    await expectInputError(
      () => trained(staged, { folder, compile: failing }),
      'after 4 iterations; iteration 4 is saved',
    );
    const [again, whole] = [await resumed(staged, folder), await trained(staged)];
    expect(readFileSync(again.summary.checkpoint)).toEqual(readFileSync(whole.summary.checkpoint));
  });

  it('is reported as it failed first, if it fails again when it is released', async () => {
    const folder = await newFolder(configuration);
    const failing: Compile = async (graph) => {
      const program = await compileFailing()(graph);
      program.release = () => Promise.reject(new Error('lost while releasing'));
      return program;
    };
    await expectInputError(
      () => trained(configuration, { folder, compile: failing }),
      'device webgpu: failed (lost) after 3 iterations; iteration 3 is saved',
    );
  });
});
