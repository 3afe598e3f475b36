import { randomStream } from '../../random.js';
import type { Graph } from '../graph.js';
import { nextName } from '../lowering/state.js';
import { sizeOf } from '../shape.js';
import { ARRAY_OF, type InputValue } from '../value.js';
import { tryDevices } from './deviceTrial.node.js';
import { compile, type CompileOptions, type Device, estimateMemory } from './native.node.js';
import { type Compile, StatefulProgram } from './program.js';
import { firstLine } from './session.js';

/** The seconds of a run, or the reason in one line why it was not timed. */
export type DeviceTiming = { device: Device } & ({ seconds: number } | { reason: string });

/** A compiler, and how it chooses its device if that is `auto`. */
export interface DeviceCompiler {
  compile: Compile;
  /**
   * Times a graph on every device that works, and compiles for the fastest from then on.
   * @returns a line about the choice
   * @throws the signal's reason if it is aborted between two runs
   */
  chooseDevice?: (graph: Graph, signal?: AbortSignal) => Promise<string>;
  estimateMemory?: (graph: Graph) => Promise<number | undefined>;
}

/** Returns a compiler for a device, or for the CPU until a device is chosen. */
export function deviceCompiler({
  device = 'cpu',
  ...options
}: Omit<CompileOptions, 'device'> & { device?: Device | 'auto' | undefined }): DeviceCompiler {
  if (device !== 'auto') {
    const given = { ...options, device };
    return { compile: (graph) => compile(graph, given), estimateMemory: (graph) => estimateMemory(graph, given) };
  }
  let chosen: Device = 'cpu';
  return {
    compile: (graph) => compile(graph, { ...options, device: chosen }),
    chooseDevice: async (graph, signal) => {
      const timings: DeviceTiming[] = [];
      for (const trial of await tryDevices()) {
        signal?.throwIfAborted();
        const { device, reason } = trial;
        timings.push(
          reason === undefined ? await timeDevice(graph, { ...options, device }, signal) : { device, reason },
        );
      }
      chosen = fastest(timings);
      const shown = timings.map((timing) => {
        const result = 'seconds' in timing ? `${timing.seconds.toPrecision(3)} s` : `does not work (${timing.reason})`;
        return `${timing.device} ${result}`;
      });
      return `device ${chosen}, chosen by the time per iteration: ${shown.join(', ')}`;
    },
  };
}

export function fastest(timings: readonly DeviceTiming[]): Device {
  const timed = timings.filter((timing) => 'seconds' in timing);
  return timed.sort((a, b) => a.seconds - b.seconds)[0]?.device ?? 'cpu';
}

async function timeDevice(
  graph: Graph,
  options: CompileOptions & { device: Device },
  signal?: AbortSignal,
): Promise<DeviceTiming> {
  const { device } = options;
  try {
    const isState = ({ name }: InputValue) => nextName(name) in graph.outputs;
    const state = drawn(graph.inputs.filter(isState)) as Record<string, Float32Array>;
    const program = new StatefulProgram(await compile(graph, options), state);
    try {
      const feeds = drawn(graph.inputs.filter((value) => !isState(value)));
      // The first run allocates memory, and compiles shaders.
      await program.step(feeds);
      return { device, seconds: await fastestRun(() => program.step(feeds), signal) };
    } finally {
      await program.release();
    }
  } catch (error) {
    signal?.throwIfAborted();
    return { device, reason: firstLine(error) };
  }
}

/** Random, because equal images have no variance, and positive, because some inputs are variances. */
function drawn(inputs: readonly InputValue[]) {
  const stream = randomStream(0, 'timed inputs');
  return Object.fromEntries(
    inputs.map(({ name, type, shape }) => {
      const elements = new ARRAY_OF[type](sizeOf(shape));
      if (elements instanceof Float32Array) elements.forEach((_, index) => (elements[index] = 0.1 * stream.uniform()));
      else if (type === 'uint8') elements.forEach((_: unknown, index: number) => (elements[index] = stream.below(256)));
      return [name, elements];
    }),
  );
}

/** The fastest of these runs counts; none starts after these seconds. */
const [MAX_RUNS, MAX_SECONDS] = [5, 2];

async function fastestRun(run: () => Promise<unknown>, signal?: AbortSignal) {
  const begin = performance.now();
  let fastest = Infinity;
  for (let count = 0; count < MAX_RUNS && performance.now() - begin < 1000 * MAX_SECONDS; count++) {
    signal?.throwIfAborted();
    const start = performance.now();
    await run();
    fastest = Math.min(fastest, (performance.now() - start) / 1000);
  }
  return fastest;
}
