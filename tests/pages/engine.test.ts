import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WebDevice } from '../../src/engine/runtime/web.js';
import { gatherImages } from '../../src/data/source.js';
import { Trainer } from '../../src/training/trainer.js';
import { compileSmall } from '../engine/running.js';
import { expectWithin } from '../expectWithin.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { noiseSource, tinyConfiguration } from '../training/tinyTraining.js';
import { type BundledPage, hasChromium, openBundledPage, WEBGPU } from './browser.js';
import type { Engine } from './engineInPage.js';

declare const engine: Engine;

const folder = sharedTemporaryFolder();

describe.skipIf(!hasChromium)('the engine in a page', () => {
  let opened: BundledPage | undefined;
  let page: Page | undefined;

  beforeAll(async () => {
    opened = await openBundledPage(folder, ['engineInPage'], 'engine', WEBGPU);
    page = opened.page;
  });
  afterAll(() => opened?.close());

  it('is bundled without any module of Node', () => {
    expect(opened!.modules.filter((name) => name.startsWith('node:') || name.includes('.node.'))).toEqual([]);
  });

  it.each([
    ['wasm', 'dcgan32-gray', 1e-4],
    ['wasm', 'dcgan32-uniform', 1e-4],
    ['wasm', 'resnet32-rgb', 1e-4],
    // The emulated GPU takes ten times as long; the training below runs another network on it.
    ['webgpu', 'resnet32-rgb', 1e-3],
  ] as const)('computes with %s what %s expects', async (device, name, tolerance) => {
    expect(await page!.evaluate(([on, file]) => engine.verify(on, file), [device, name] as const)).toBeLessThan(
      tolerance,
    );
  });

  // All of them take 20 s on a GPU that is emulated; this provider has other kernels for each of these.
  const onGpu = ['maxPool.ties', 'conv.groups', 'logSoftmax', 'layerNormalization', 'scatterElements', 'erf', 'cumSum'];

  it.each([
    ['wasm', undefined],
    ['webgpu', onGpu],
  ] as const)('computes operators and their gradients with %s', async (device, names) => {
    const errors = await page!.evaluate(([on, some]) => engine.operators(on, some), [device, names] as const);
    expect(Object.keys(errors).length).toBeGreaterThan(15);
    expect(Object.entries(errors).filter(([, error]) => !(error < 1e-3))).toEqual([]);
  });

  it.each([
    ['wasm', 20, 1],
    ['webgpu', 2, 2],
  ] as const)(
    'trains with %s as in Node for %i iterations, reporting every %i',
    async (device: WebDevice, iterations, reportEvery) => {
      const configuration = tinyConfiguration({ length: { steps: iterations } });
      const { train } = noiseSource();
      const pixels = Array.from(
        gatherImages(
          train,
          Uint32Array.from({ length: train.count }, (_, index) => index),
          1024,
        ),
      );
      const found = await page!.evaluate(
        ([on, settings, images, count, every]) => engine.train(on, settings, images, count, every),
        [{ device }, configuration, pixels, iterations, reportEvery] as const,
      );
      expect(found.reports.map((report) => report !== null)).toEqual(
        Array.from({ length: iterations }, (_, step) => (step + 1) % reportEvery === 0),
      );
      const trainer = await Trainer.create(configuration, train, compileSmall);
      for (const report of found.reports) {
        const { scalars } = await trainer.iterate();
        if (report === null) continue;
        expect(Object.keys(report)).toEqual(Object.keys(scalars));
        for (const [name, value] of Object.entries(scalars))
          expectWithin(report[name]!, value, 3e-3 * Math.max(1e-3, Math.abs(value)));
      }
      const { vectors } = await trainer.readState();
      for (const [index, value] of found.parameters.entries())
        expectWithin(value, vectors['encoder.parameters'][index]!, 1e-3);
      await trainer.release();
    },
  );

  it('reports a GPU that is lost in one line', async () => {
    expect(await page!.evaluate(() => engine.squares())).toBe('4,9');
    const session = await page!.context().browser()!.newBrowserCDPSession();
    await session.send('Browser.crashGpuProcess').catch(() => undefined);
    await expect
      .poll(() => page!.evaluate(() => engine.squares()), { timeout: 30_000 })
      .toMatch(/^DeviceError: device webgpu: failed \(.*\)$/u);
  });

  it('reports an unknown device in one line', async () => {
    expect(await page!.evaluate(() => engine.failure('cpu'))).toBe(
      "InputError: compile: device: expected wasm or webgpu but got 'cpu'",
    );
  });
});
