/** What the tests of the engine in a page call. Bundled for Chromium. */
import { splitInMemory } from '../../src/data/source.js';
import { mapValues } from '../../src/engine/graph.js';
import { decodeSafetensors, graphOf, input, mul, type Program, type Value } from '../../src/engine/index.js';
import { compile, configureRuntime, type WebCompileOptions, type WebDevice } from '../../src/engine/runtime/web.js';
import { verify } from '../../src/golden/verification.js';
import { CASES, outputsOf } from '../golden/operatorCases.js';
import type { Configuration } from '../../src/training/configuration.js';
import { type IterationReport, Trainer } from '../../src/training/trainer.js';

configureRuntime({ wasmPaths: new URL('/ort/', location.href).href });

interface Trained {
  /** Null for iterations whose report was not read. */
  reports: readonly (IterationReport['scalars'] | null)[];
  parameters: readonly number[];
  milliseconds: readonly number[];
}

let program: Program | undefined;

const engine = {
  /** The largest error of a golden file. */
  async verify(device: WebDevice, name: string): Promise<number> {
    const bytes = new Uint8Array(await (await fetch(`/golden/${name}.safetensors`)).arrayBuffer());
    return (await verify(decodeSafetensors(bytes, name), name, (graph) => compile(graph, { device }))).max_error;
  },

  /** The relative error of each value and gradient of operators (default: all), from one graph. */
  async operators(device: WebDevice, names?: readonly string[]): Promise<Record<string, number>> {
    const bytes = new Uint8Array(await (await fetch('/golden/operators.safetensors')).arrayBuffer());
    const { tensors } = decodeSafetensors(bytes, 'operators');
    const outputs = (names ?? Object.keys(CASES)).map((name) => outputsOf(tensors, name));
    const graph = graphOf(Object.assign({}, ...outputs) as Record<string, Value>);
    const feeds = Object.fromEntries(graph.inputs.map(({ name }) => [name, tensors[name]!.data]));
    const results = await (await compile(graph, { device })).run(feeds);
    return mapValues(results, ({ data }, name) => errorOf(data as Float32Array, tensors[name]!.data));
  },

  /**
   * The reports of iterations, and the parameters of the encoder after them.
   * @param reportEvery iterations from one report that is read to the next
   */
  async train(
    { device, target }: WebCompileOptions,
    configuration: Configuration,
    pixels: readonly number[],
    iterations: number,
    reportEvery = 1,
  ): Promise<Trained> {
    const images = splitInMemory(Uint8Array.from(pixels), configuration.channels * configuration.size ** 2, null);
    const trainer = await Trainer.create(configuration, images, (graph) =>
      compile(graph, { ...(device ? { device } : {}), ...(target ? { target } : {}) }),
    );
    const reports: (IterationReport['scalars'] | null)[] = [];
    const milliseconds: number[] = [];
    for (let step = 0; step < iterations; step++) {
      const start = performance.now();
      if ((step + 1) % reportEvery === 0) reports.push((await trainer.iterate()).scalars);
      else reports.push((await trainer.iterateUnread(), null));
      milliseconds.push(performance.now() - start);
    }
    const { vectors } = await trainer.readState();
    await trainer.release();
    return { reports, milliseconds, parameters: Array.from(vectors['encoder.parameters']) };
  },

  /**
   * Squares numbers on a GPU, with one program as long as it works. Returns the result, or the message of the error.
   */
  async squares(): Promise<string> {
    try {
      const x = input('x', [2]);
      program ??= await compile(graphOf({ y: mul(x, x) }), { device: 'webgpu' });
      const { y } = await program.run({ x: Float32Array.of(2, 3) });
      return Array.from(y!.data as Float32Array).join();
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
  },

  /** The message of the error of compiling for a device. */
  async failure(device: string): Promise<string> {
    const x = input('x', [2]);
    return compile(graphOf({ y: mul(x, x) }), { device: device as WebDevice }).then(
      () => '',
      (error: Error) => `${error.name}: ${error.message}`,
    );
  },
};

const errorOf = (actual: Float32Array, expected: Float32Array) => {
  const largest = expected.reduce((most, element) => Math.max(most, Math.abs(element)), 1e-6);
  return actual.reduce((most, element, index) => Math.max(most, Math.abs(element - expected[index]!)), 0) / largest;
};

export type Engine = typeof engine;
Object.assign(globalThis, { engine });
