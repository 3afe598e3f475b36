import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatherImages } from '../../src/data/source.js';
import { drawCodes } from '../../src/age/prior.js';
import type { CodeDensity } from '../../src/density/codeDensity.js';
import { TrainedModel } from '../../src/model/trainedModel.js';
import type { ModelWeights } from '../../src/networks/network.js';
import { randomStream } from '../../src/random.js';
import { decodeCheckpoint } from '../../src/training/checkpoint.js';
import { iterationSpec } from '../../src/training/configuration.js';
import { fitCodeDensity } from '../../src/training/fitCodeDensity.js';
import { modelWeights, Trainer } from '../../src/training/trainer.js';
import { expectCloseElements } from '../engine/expectations.js';
import { compileSmall } from '../engine/running.js';
import { expectWithin } from '../expectWithin.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { digest, noiseSource, tinyConfiguration } from '../training/tinyTraining.js';
import { type BundledPage, hasChromium, openBundledPage } from './browser.js';
import type { TrainingPage } from './trainingInPage.js';

declare const trainingPage: TrainingPage;

const folder = sharedTemporaryFolder();
const STEPS = 8;
const configuration = tinyConfiguration({ length: { steps: STEPS }, ema: 0.9 });
const { train } = noiseSource();
const pixels = gatherImages(
  train,
  Uint32Array.from({ length: train.count }, (_, index) => index),
  1024,
);
const images = Buffer.from(pixels).toString('base64');
/** The bytes of a checkpoint of the page. */
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'));

describe.skipIf(!hasChromium)('training in the worker of a page', () => {
  let opened: BundledPage | undefined;
  let page: Page | undefined;
  /** The checkpoint after all iterations without a pause. */
  let whole: string;

  beforeAll(async () => {
    opened = await openBundledPage(folder, ['trainingInPage', 'trainingWorker', 'modelWorker'], 'trainingPage');
    page = opened.page;
  });
  afterAll(() => opened?.close());

  const start = (checkpoint?: string) =>
    page!.evaluate(([settings, pixels, bytes]) => trainingPage.start(settings, pixels, bytes), [
      configuration,
      images,
      checkpoint,
    ] as const);

  it('runs to its end without blocking the page, and exports a checkpoint of run folders', async () => {
    await start();
    expect(await page!.evaluate(() => trainingPage.run())).toEqual({ step: STEPS, totalSteps: STEPS });
    expect(await page!.evaluate(() => trainingPage.programs())).toBe(0);
    const reports = await page!.evaluate(() => trainingPage.reports());
    expect(reports.map(({ step }) => step)).toEqual(Array.from({ length: STEPS }, (_, index) => index + 1));
    whole = await page!.evaluate(() => trainingPage.exportCheckpoint());
    const { vectors, step } = await decodeCheckpoint(bytesOf(whole), 'exported', digest);
    expect(step).toBe(STEPS);

    const trainer = await Trainer.create(configuration, train, compileSmall);
    for (const { scalars } of reports) {
      const expected = (await trainer.iterate()).scalars;
      for (const [name, value] of Object.entries(expected))
        expectWithin(scalars[name]!, value, 3e-3 * Math.max(1e-3, Math.abs(value)));
    }
    const expected = (await trainer.readState()).vectors['generator.parameters'];
    for (const [index, value] of vectors['generator.parameters'].entries()) expectWithin(value, expected[index]!, 1e-3);
    await trainer.release();
  });

  it('fits the density of codes that the command line fits', async () => {
    const exported = await page!.evaluate(() => trainingPage.exportCheckpoint(true));
    const { density, vectors } = await decodeCheckpoint(bytesOf(exported), 'exported', digest);
    const { pair } = iterationSpec(configuration);
    const model = TrainedModel.of(pair, configuration.prior, modelWeights(vectors), compileSmall);
    const expected = (await fitCodeDensity(model, train, configuration, STEPS))!;
    await model.release();
    expect(Object.keys(density!).sort()).toEqual(Object.keys(expected).sort());
    for (const name of Object.keys(expected) as (keyof CodeDensity)[])
      expectCloseElements([...density![name]], [...expected[name]], 1e-3, 1);
  });

  it('pauses, steps, and ends with the same bytes', async () => {
    await start();
    const [ended, paused] = await page!.evaluate(() => trainingPage.runAndPause(2));
    expect(ended).toEqual(paused);
    expect(paused!.step).toBeGreaterThanOrEqual(2);
    expect(paused!.step).toBeLessThan(STEPS);
    expect((await page!.evaluate(() => trainingPage.step()))!.step).toBe(paused!.step + 1);
    await page!.evaluate(() => trainingPage.run(100));
    expect(await page!.evaluate(() => trainingPage.step())).toBeUndefined();
    expect(await page!.evaluate(() => trainingPage.exportCheckpoint())).toBe(whole);
  });

  it('continues from a checkpoint in a new worker, and in the same one, with the same bytes', async () => {
    await start();
    for (let step = 0; step < 3; step++) await page!.evaluate(() => trainingPage.step());
    const early = await page!.evaluate(() => trainingPage.exportCheckpoint());
    await start(early);
    await page!.evaluate(() => trainingPage.run());
    expect(await page!.evaluate(() => trainingPage.exportCheckpoint())).toBe(whole);
    expect(await page!.evaluate((bytes) => trainingPage.importCheckpoint(bytes), early)).toEqual({
      step: 3,
      totalSteps: STEPS,
    });
    await page!.evaluate(() => trainingPage.run());
    expect(await page!.evaluate(() => trainingPage.exportCheckpoint())).toBe(whole);
  });

  it('continues after a reload from browser storage, with the same bytes', async () => {
    await start();
    for (let step = 0; step < 3; step++) await page!.evaluate(() => trainingPage.step());
    await page!.evaluate(() => trainingPage.store('digits'));
    await page!.reload();
    await page!.waitForFunction(() => 'trainingPage' in globalThis);
    expect(await page!.evaluate(() => trainingPage.storedNames())).toEqual(['digits']);
    await start(await page!.evaluate(() => trainingPage.stored('digits')));
    await page!.evaluate(() => trainingPage.run());
    expect(await page!.evaluate(() => trainingPage.exportCheckpoint())).toBe(whole);
    await page!.evaluate(() => trainingPage.deleteStored('digits'));
    expect(await page!.evaluate(() => trainingPage.stored('digits'))).toBeUndefined();
  });

  it('reads reports as often as requested, with the same end', async () => {
    await start();
    await page!.evaluate(() => trainingPage.run(3));
    expect((await page!.evaluate(() => trainingPage.reports())).map(({ step }) => step)).toEqual([3, 6, STEPS]);
    expect(await page!.evaluate(() => trainingPage.exportCheckpoint())).toBe(whole);
  });

  const code = Array.from(drawCodes('sphere', 1, configuration.latent, randomStream(1, 'code')));
  const modelOf = (weights: ModelWeights) =>
    TrainedModel.of(iterationSpec(configuration).pair, configuration.prior, weights, compileSmall);

  it('lets a second worker use the weights during training', async () => {
    await start();
    const {
      images: made,
      progress,
      parameters,
      statistics,
    } = await page!.evaluate(([settings, z]) => trainingPage.runAndUse(settings, z), [configuration, code] as const);
    expect(progress.step).toBe(STEPS);
    expect(made[0]).not.toEqual(made[1]);
    const weights = modelWeights((await decodeCheckpoint(bytesOf(whole), 'whole', digest)).vectors);
    const model = modelOf({
      ...weights,
      'generator.parameters': Float32Array.from(parameters),
      'generator.statistics': Float32Array.from(statistics),
    });
    expectCloseElements(made[1]!, Array.from(await model.generate({ z: Float32Array.from(code) })), 1e-4);
    await model.release();
    expect(await page!.evaluate(() => trainingPage.exportCheckpoint())).toBe(whole);
  });

  it('exports checkpoints that the second worker loads', async () => {
    const image = Array.from(pixels.subarray(0, 1024));
    const found = await page!.evaluate(([bytes, z, x]) => trainingPage.useCheckpoint(bytes, z, x), [
      whole,
      code,
      image,
    ] as const);
    const model = modelOf(modelWeights((await decodeCheckpoint(bytesOf(whole), 'whole', digest)).vectors));
    expect(found.width).toBe(configuration.width);
    expectCloseElements(found.sample, Array.from(await model.generate({ z: Float32Array.from(code) })), 1e-4);
    const codes = await model.encode({ x: Uint8Array.from(image) });
    expectCloseElements(found.codes, Array.from(codes), 1e-4);
    expectCloseElements(found.decoded, Array.from(await model.decode({ z: codes })), 1e-3);
    await model.release();
    expect(await page!.evaluate((bytes) => trainingPage.failureOfModel(bytes), whole.slice(0, 132))).toMatch(
      /^InputError: the checkpoint: /,
    );
  });

  it('reports in one line that there is no storage', async () => {
    expect(await page!.evaluate(() => trainingPage.failureOfStorage())).toMatch(
      /^InputError: browser storage: cannot be written \(.*\); free space, or allow/,
    );
    await page!.reload();
    await page!.waitForFunction(() => 'trainingPage' in globalThis);
  });

  it('rejects a damaged or different checkpoint in one line, and continues', async () => {
    await start();
    const bytes = bytesOf(whole);
    bytes[bytes.length - 1]! ^= 1;
    const damaged = Buffer.from(bytes).toString('base64');
    expect(await page!.evaluate((checkpoint) => trainingPage.failureOf('import', checkpoint), damaged)).toBe(
      'InputError: the checkpoint: corrupt checkpoint: checksum mismatch',
    );
    expect((await page!.evaluate(() => trainingPage.step()))!.step).toBe(1);
    const other = { ...configuration, width: 8 };
    await expect(
      page!.evaluate(([settings, pixels, bytes]) => trainingPage.start(settings, pixels, bytes), [
        other,
        images,
        whole,
      ] as const),
    ).rejects.toThrow('width: 8 contradicts the checkpoint, which was trained with 4');
  });

  it('continues a checkpoint with the configuration that it contains, and more iterations', async () => {
    expect(
      await page!.evaluate(([pixels, bytes, steps]) => trainingPage.startFrom(pixels, bytes, steps), [
        images,
        whole,
        STEPS + 1,
      ] as const),
    ).toBe(configuration.width);
    expect((await page!.evaluate(() => trainingPage.step()))!.step).toBe(STEPS + 1);
    expect(await page!.evaluate(() => trainingPage.step())).toBeUndefined();
    const short = page!.evaluate(([pixels, bytes]) => trainingPage.startFrom(pixels, bytes, 9), [
      Buffer.from(pixels.subarray(1)).toString('base64'),
      whole,
    ] as const);
    await expect(short).rejects.toThrow('training: the images are not 32x32 with 1 channel, as the networks require');
  });

  it('ends a run at the next request, even if another run follows at once', async () => {
    await start();
    // The first run may have begun an iteration before the worker receives the pause.
    const [first, pause, second] = await page!.evaluate(() => trainingPage.runTwice());
    expect([first, second]).toEqual([pause!.replace('pause', 'run'), `run ${STEPS}`]);
    expect(Number(pause!.split(' ')[1])).toBeLessThan(STEPS);
  });

  it('fails requests while it is stopped, and afterwards', async () => {
    await start();
    expect(
      await page!.evaluate(() => {
        const failure = trainingPage.failureOf('run');
        trainingPage.stop();
        return failure;
      }),
    ).toBe('InputError: training: stopped');
    expect(await page!.evaluate(() => trainingPage.failureOf('run'))).toBe('InputError: training: stopped');
  });
});
