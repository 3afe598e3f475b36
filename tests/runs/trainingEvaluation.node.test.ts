import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ImageSource, splitInMemory } from '../../src/data/source.js';
import { InputError } from '../../src/errors.js';
import { metricsIn } from '../../src/metrics/registry.js';
import { BestCheckpoint } from '../../src/runs/bestCheckpoint.node.js';
import { planEvaluation, TrainingEvaluation } from '../../src/runs/trainingEvaluation.node.js';
import type { Configuration } from '../../src/training/configuration.js';
import type { Subscriber, TrainingEvent } from '../../src/training/events.js';
import { readCheckpointFile, type RunFolder } from '../../src/runs/runFolder.node.js';
import { errorOf, expectInputError } from '../rejection.js';
import { noiseSource, tinyConfiguration } from '../training/tinyTraining.js';
import {
  compile,
  copyOf,
  type Extra,
  resumed,
  latestOf,
  logOf,
  namesIn,
  newFolder,
  source,
  trained,
  warningsOf,
} from '../training/trainings.js';

/** Four epochs of four iterations, judged after every other one. */
const judged = tinyConfiguration({
  length: { epochs: 4 },
  keepLast: 1,
  ema: 0.5,
  evaluateEvery: 2,
  evaluateMetrics: ['psnr', 'latent_cosine'],
  evaluateSamples: 20,
  saveBest: 'psnr',
});

/** Files on a disk that is full: how many more attempts to write them fail, by the beginning of their names. */
const refusals = new Map<string, number>();
afterEach(() => refusals.clear());
vi.mock('../../src/files/atomic.node.js', async (original) => {
  const files = await original<typeof import('../../src/files/atomic.node.js')>();
  const writeFileAtomically: typeof files.writeFileAtomically = async (path, bytes) => {
    const [name, left] = Array.from(refusals).find(([start]) => basename(path).startsWith(start)) ?? ['', 0];
    if (left === 0) return files.writeFileAtomically(path, bytes);
    refusals.set(name, left - 1);
    throw new InputError(path, 'cannot be written (the disk is full)', undefined, {
      cause: Object.assign(new Error(), { code: 'ENOSPC' }),
    });
  };
  return { ...files, writeFileAtomically };
});

async function judgedTraining(configuration: Configuration, folder: RunFolder, extra: Extra = {}) {
  const evaluation = await TrainingEvaluation.open({
    configuration,
    source,
    compile,
    signal: extra.signal,
    retrySeconds: 0.01,
  });
  onTestFinished(() => evaluation.release());
  return resumed(configuration, folder, {
    ...extra,
    subscribers: [evaluation.subscriberFor(folder.files), ...(extra.subscribers ?? [])],
  });
}

/** The evaluations in a run folder by the names of their files, without where it is and how long they took. */
const evaluationsIn = ({ path }: RunFolder): Record<string, unknown> =>
  Object.fromEntries(
    readdirSync(path)
      .filter((name) => name.startsWith('evaluation-'))
      .sort()
      .map((name) => {
        const stored = JSON.parse(readFileSync(join(path, name), 'utf8')) as {
          run: string;
          timings: object;
          protocol: { seconds: number };
        };
        const { run: _run, timings: _timings, protocol, ...evaluation } = stored;
        const { seconds: _seconds, ...rest } = protocol;
        return [name, { ...evaluation, protocol: rest }];
      }),
  );

const evaluationsOf = (events: readonly TrainingEvent[]) =>
  events.flatMap((event) => (event.type === 'evaluation' ? [event] : []));

/** The copy of a folder as it is when an event is told, for a process that is killed then. */
function copying(
  folder: RunFolder,
  isDue: (event: TrainingEvent) => boolean,
): { subscriber: Subscriber; copies: Promise<RunFolder>[] } {
  const copies: Promise<RunFolder>[] = [];
  return { copies, subscriber: (event) => void (isDue(event) && copies.push(copyOf(folder))) };
}

describe('evaluations during training', () => {
  it('run every N epochs, each on the current checkpoint', async () => {
    const { events, folder } = await judgedTraining(judged, await newFolder(judged));
    expect(evaluationsOf(events).map(({ step, epochs }) => [step, epochs])).toEqual(
      [8, 16].map((step) => [step, step / 4]),
    );
    expect(Object.keys(evaluationsIn(folder))).toEqual(['evaluation-000008.json', 'evaluation-000016.json']);
    const found = evaluationsIn(folder) as Record<string, { metrics: object; protocol: object }>;
    for (const { file, metrics, epochs } of evaluationsOf(events)) {
      expect(found[file.slice(-22)]).toMatchObject({ metrics, protocol: { weights: 'ema', samples: 20, epochs } });
      expect(Object.keys(metrics).sort()).toEqual(['latent_cosine', 'psnr']);
    }
  });

  it('change neither the log nor the weights', async () => {
    const { evaluateEvery: _e, evaluateMetrics: _m, saveBest: _b, ...rest } = judged;
    const without = await trained(tinyConfiguration(rest));
    const { folder } = await judgedTraining(judged, await newFolder(judged));
    expect(logOf(folder)).toEqual(logOf(without.folder));
    expect((await latestOf(folder)).vectors).toEqual((await latestOf(without.folder)).vectors);
  });

  it('keep the best checkpoint, which is never pruned', async () => {
    const { events, folder } = await judgedTraining(judged, await newFolder(judged));
    expect(namesIn(folder, 'checkpoints')).toEqual(['000016.safetensors', 'best.safetensors']);
    const figures = evaluationsOf(events).map(({ metrics }) => metrics.psnr!);
    const best = (await new BestCheckpoint(folder.files).read())!;
    expect([best.metric, best.value]).toEqual(['psnr', Math.max(...figures)]);
    expect((await readCheckpointFile(best.file)).step).toBe(best.step);
    expect(evaluationsOf(events).findLast(({ isBest }) => isBest)?.step).toBe(best.step);
  });

  it('run again after the process is killed before or after one, with the same best checkpoint', async () => {
    const folder = await newFolder(judged);
    const before = copying(folder, ({ type }) => type === 'checkpoint');
    const after = copying(folder, ({ type }) => type === 'evaluation');
    const whole = await judgedTraining(judged, folder, { subscribers: [before.subscriber, after.subscriber] });
    for (const copy of await Promise.all([...before.copies, ...after.copies])) {
      const { events } = await judgedTraining(judged, copy);
      expect(evaluationsIn(copy)).toEqual(evaluationsIn(folder));
      expect(readFileSync(join(copy.path, 'best.json'))).toEqual(readFileSync(join(folder.path, 'best.json')));
      expect(namesIn(copy, 'checkpoints')).toEqual(namesIn(folder, 'checkpoints'));
      expect(logOf(copy)).toEqual(logOf(folder));
      // Those that the killed process had made are not made again.
      expect(evaluationsOf(events).length).toBeLessThanOrEqual(evaluationsOf(whole.events).length);
    }
    const [, last] = [after.copies[0], after.copies.at(-1)!];
    expect(evaluationsOf((await judgedTraining(judged, await last)).events)).toEqual([]);
  });

  it('run again for other weights of the same iteration, and replace their evaluation', async () => {
    const kept = { ...judged, keepLast: 4 };
    const folder = await newFolder(kept);
    await judgedTraining(kept, folder);
    const stale = evaluationsIn(folder);
    rmSync(join(folder.path, 'checkpoints', '000016.safetensors'));
    const changed = { ...kept, learningRate: 0.5 };
    const { copies, subscriber } = copying(folder, (event) => event.type === 'checkpoint' && event.step === 16);
    const whole = await judgedTraining(changed, folder, { subscribers: [subscriber] });
    expect(evaluationsOf(whole.events).map(({ step }) => step)).toEqual([16]);
    // The killed process left the earlier evaluation beside its last checkpoint.
    const copy = await copies[0]!;
    expect(evaluationsIn(copy)).toEqual(stale);
    expect(evaluationsOf((await judgedTraining(changed, copy)).events).map(({ step }) => step)).toEqual([16]);
    expect(evaluationsIn(copy)).toEqual(evaluationsIn(folder));
    expect(evaluationsIn(copy)).not.toEqual(stale);
    expect(readFileSync(join(copy.path, 'best.json'))).toEqual(readFileSync(join(folder.path, 'best.json')));
  });

  it('are postponed if the user stops during one', async () => {
    const controller = new AbortController();
    const folder = await newFolder(judged);
    const stopping: Extra = {
      signal: controller.signal,
      onEvent: ({ type }) => void (type === 'evaluationDue' && controller.abort()),
    };
    const stopped = await judgedTraining(judged, folder, stopping);
    expect(stopped.summary).toMatchObject({ steps: 8, interrupted: true });
    expect(warningsOf(stopped.events)).toEqual([
      expect.stringContaining('evaluation of iteration 8 interrupted; it will run on resume'),
    ]);
    expect(evaluationsIn(folder)).toEqual({});
    const resumed = await judgedTraining(judged, folder);
    expect(evaluationsOf(resumed.events).map(({ step }) => step)).toEqual([8, 16]);
  });

  it.each(['best.safetensors', 'best.json', 'evaluation-000008'])(
    'wait for a disk without space for %s, and all complete',
    async (name) => {
      const whole = await judgedTraining(judged, await newFolder(judged));
      refusals.set(name, 3);
      const folder = await newFolder(judged);
      const { events } = await judgedTraining(judged, folder, { signal: new AbortController().signal });
      expect(warningsOf(events)).toEqual([
        expect.stringMatching(new RegExp(`${name}.*the disk is full.*: training is paused and retries every 0.01 s; `)),
        'write succeeded; training continues',
      ]);
      expect(evaluationsIn(folder)).toEqual(evaluationsIn(whole.folder));
      expect(readFileSync(join(folder.path, 'best.json'))).toEqual(readFileSync(join(whole.folder.path, 'best.json')));
      expect(evaluationsOf(events).map(({ step, isBest }) => [step, isBest])).toEqual(
        evaluationsOf(whole.events).map(({ step, isBest }) => [step, isBest]),
      );
    },
  );

  it('that wait for a full disk are postponed if the user stops', async () => {
    refusals.set('evaluation-000008', Infinity);
    const controller = new AbortController();
    const folder = await newFolder(judged);
    const onEvent: Extra['onEvent'] = (event) => void (event.type === 'warning' && controller.abort());
    const { summary, events } = await judgedTraining(judged, folder, { signal: controller.signal, onEvent });
    expect(summary).toMatchObject({ steps: 8, interrupted: true });
    expect(warningsOf(events)).toEqual([
      expect.stringContaining('training is paused'),
      expect.stringContaining('evaluation of iteration 8 interrupted; it will run on resume'),
    ]);
    refusals.clear();
    expect(evaluationsOf((await judgedTraining(judged, folder)).events).map(({ step }) => step)).toEqual([8, 16]);
  });

  it('that find no space are skipped with a warning if nothing could end the wait', async () => {
    refusals.set('evaluation-', Infinity);
    const { summary, events } = await judgedTraining(judged, await newFolder(judged));
    expect(summary.steps).toBe(16);
    expect(warningsOf(events)).toEqual(
      [8, 16].map(
        (step) => expect.stringMatching(`^evaluation of iteration ${step} skipped: .*the disk is full`) as string,
      ),
    );
  });

  it('write nothing into a folder that another process has locked', async () => {
    const folder = await newFolder(judged);
    const other = JSON.stringify({ host: 'elsewhere', pid: 7, started: '1' });
    const onEvent: Extra['onEvent'] = ({ type }) =>
      void (type === 'evaluationDue' && writeFileSync(join(folder.path, '.lock'), other));
    const error = await errorOf(() => judgedTraining(judged, folder, { onEvent }));
    expect((error as Error).message).toContain('process 7 on elsewhere has taken over this run folder');
    expect([evaluationsIn(folder), namesIn(folder, 'checkpoints')]).toEqual([{}, ['000008.safetensors']]);
    expect(readFileSync(join(folder.path, '.lock'), 'utf8')).toBe(other);
  });

  it('that cannot be written are skipped with a warning, and training continues', async () => {
    const folder = await newFolder(judged);
    mkdirSync(join(folder.path, 'best.json'));
    const { summary, events } = await judgedTraining(judged, folder);
    expect(summary.steps).toBe(16);
    expect(warningsOf(events)).toEqual(
      [8, 16].map(
        (step) =>
          expect.stringMatching(`^evaluation of iteration ${step} skipped: .*best.json: cannot be read`) as string,
      ),
    );
  });
});

const unlabelled = noiseSource();
const labelled: ImageSource = {
  ...unlabelled,
  classes: 2,
  train: { ...unlabelled.train, labels: Uint8Array.from({ length: 18 }, (_, index) => index % 2) },
};
const plan = (changes: Parameters<typeof tinyConfiguration>[0], source = labelled) =>
  planEvaluation(tinyConfiguration({ evaluateEvery: 1, ...changes }), source);

describe('metrics of evaluations during training', () => {
  it('default to those that the data supports', () => {
    const [reconstruction, latent, samples] = (['reconstruction', 'latent', 'samples'] as const).map((group) =>
      metricsIn(group).map(({ name }) => name),
    );
    expect(plan({})).toEqual({ metrics: new Set([...reconstruction!, ...samples!, ...latent!]), usesFeatures: true });
    const withoutClasses = [...reconstruction!, ...samples!, ...latent!].filter(
      (name) => !name.startsWith('inception_score') && name !== 'condition_accuracy',
    );
    expect(plan({}, unlabelled)).toEqual({ metrics: new Set(withoutClasses), usesFeatures: true });
  });

  it('include the named ones and that of the best checkpoint', () => {
    expect(plan({ evaluateMetrics: ['psnr', 'ssim'], saveBest: 'fid' })).toEqual({
      metrics: new Set(['psnr', 'ssim', 'fid']),
      usesFeatures: true,
    });
    expect(plan({ evaluateMetrics: ['ssim'], saveBest: 'ssim' }, unlabelled)).toEqual({
      metrics: new Set(['ssim']),
      usesFeatures: false,
    });
  });

  it('are rejected if they need labels that do not exist', async () => {
    await expectInputError(
      () => plan({ evaluateMetrics: ['psnr', 'inception_score'] }, unlabelled),
      'inception_score: noise has no labels',
      'fid',
    );
    expect(plan({ saveBest: 'fid' }, unlabelled).usesFeatures).toBe(true);
    const oneClass = { ...labelled, train: { ...labelled.train, labels: new Uint8Array(18) } };
    await expectInputError(() => plan({ saveBest: 'inception_score' }, oneClass), 'a single class');
  });

  it('are rejected if unknown, or not ranked', async () => {
    await expectInputError(() => plan({ evaluateMetrics: ['fdi'] }), '"fdi"', 'did you mean fid');
    await expectInputError(() => plan({ saveBest: 'fdi' }), '"fdi"', 'did you mean fid');
    for (const saveBest of ['samples', 'rayleigh_fake'])
      await expectInputError(() => plan({ saveBest }), `saveBest ${saveBest}:`, 'fid');
    await expectInputError(
      () => plan({ saveBest: 'mean_resultant_length_fake', prior: 'normal', divergence: 'qp' }),
      'saveBest mean_resultant_length_fake:',
    );
    await expectInputError(
      () => plan({ saveBest: 'divergence_gap_fake', divergence: 'nearest' }),
      'saveBest divergence_gap_fake:',
    );
    expect(plan({ saveBest: 'mean_resultant_length_fake', divergence: 'nearest' }).metrics).toContain(
      'mean_resultant_length_fake',
    );
  });

  it('are rejected if there are no images to compare with', async () => {
    const one = splitInMemory(new Uint8Array(1024), 1024, null);
    await expectInputError(() => plan({}, { ...labelled, test: one }), 'has 1 test images', 'testFraction');
  });
});
