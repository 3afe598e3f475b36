// Times training iterations in a module worker of a page: see web.mjs.
import { splitInMemory } from '../dist/data/source.js';
import { Trainer } from '../dist/training/trainer.js';
import { compile, configureRuntime } from '../dist/web/index.js';

globalThis.addEventListener(
  'message',
  async ({ data: { configuration, images, iterations, threads, device, target } }) => {
    try {
      configureRuntime({ wasmPaths: new URL('/ort/', globalThis.location.href).href, threads });
      const trainer = await Trainer.create(configuration, splitInMemory(images, 32 * 32, null), (graph) =>
        compile(graph, { device, target: { name: target } }),
      );
      const seconds = [];
      for (let step = 0; step < iterations; step++) {
        const start = performance.now();
        await trainer.iterate();
        seconds.push((performance.now() - start) / 1000);
      }
      globalThis.postMessage({ seconds });
    } catch (error) {
      globalThis.postMessage({ failure: String(error) });
    }
  },
);
