/** The device that computes a graph fastest, found by a short measurement. */
import { firstLine } from './session.js';
import type { Graph } from '../graph.js';
import { nextName } from '../lowering/state.js';
import { sizeOf } from '../shape.js';
import { ARRAY_OF, type ElementArray, type InputValue } from '../value.js';
import { tryDevices } from './deviceTrial.node.js';
import { compile, type CompileOptions, type Device } from './native.node.js';
import { type Compile, StatefulProgram } from './program.js';

/** How a device did: seconds per run, or in one line why it was not timed. */
export type DeviceTiming = { readonly device: Device } & ({ readonly seconds: number } | { readonly reason: string });

/** Repetitions of which the fastest counts, and seconds after which there are no more. */
const [MAX_RUNS, MAX_SECONDS] = [5, 2];
/** A value that neither overflows nor divides by zero, since variances and rates are among the inputs. */
const FILL = 0.5;

/** Compiles for the CPU, and once it has chosen for the device that was fastest. */
export class AutoDevice {
  private device: Device = 'cpu';

  constructor(private readonly options: Omit<CompileOptions, 'device'> = {}) {}

  readonly compile: Compile = (graph) => compile(graph, { ...this.options, device: this.device });

  /** Times a graph on every device that works; a broken driver may crash only the process of its trial. Afterwards `compile` uses the fastest. */
  async time(graph: Graph): Promise<readonly DeviceTiming[]> {
    const timings: DeviceTiming[] = [];
    for (const { device, reason } of await tryDevices()) {
      timings.push(reason === undefined ? await timeOn(graph, { ...this.options, device }) : { device, reason });
    }
    const timed = timings.flatMap((timing) => ('seconds' in timing ? [timing] : [])).sort((a, b) => a.seconds - b.seconds);
    this.device = timed[0]?.device ?? 'cpu';
    return timings;
  }

  /** Chooses the device that is fastest for a graph, and returns a line about it. */
  readonly chooseDevice = async (graph: Graph): Promise<string> => {
    const timings = await this.time(graph);
    const shown = timings.map(
      (timing) => `${timing.device} ${'seconds' in timing ? `${timing.seconds.toPrecision(3)} s` : `does not work (${timing.reason})`}`,
    );
    return `device ${this.device}, chosen by the time per iteration: ${shown.join(', ')}`;
  };
}

async function timeOn(graph: Graph, options: CompileOptions & { readonly device: Device }): Promise<DeviceTiming> {
  const { device } = options;
  try {
    const isState = ({ name }: InputValue) => nextName(name) in graph.outputs;
    const program = new StatefulProgram(await compile(graph, options), filled(graph.inputs.filter(isState)) as Readonly<Record<string, Float32Array>>);
    try {
      const feeds = filled(graph.inputs.filter((value) => !isState(value)));
      // The first run allocates memory, and compiles shaders.
      await program.step(feeds);
      return { device, seconds: await fastestOf(() => program.step(feeds)) };
    } finally {
      await program.release();
    }
  } catch (error) {
    return { device, reason: firstLine(error) };
  }
}

const filled = (inputs: readonly InputValue[]): Readonly<Record<string, ElementArray>> =>
  Object.fromEntries(inputs.map(({ name, type, shape }) => [name, new ARRAY_OF[type](sizeOf(shape)).fill((type.startsWith('float') ? FILL : 0) as never)]));

async function fastestOf(run: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  let fastest = Infinity;
  for (let count = 0; count < MAX_RUNS && performance.now() - begin < 1000 * MAX_SECONDS; count++) {
    const start = performance.now();
    await run();
    fastest = Math.min(fastest, (performance.now() - start) / 1000);
  }
  return fastest;
}
