/** ONNX Runtime on the CPU through its C API: results are written into buffers, and nothing is copied. */
import { mapValues } from '../graph.js';
import { sizeOf } from '../shape.js';
import { ARRAY_OF, ELEMENT_CODES, type TensorData, type TensorType } from '../value.js';
import { collectiveDomain } from './collectives.node.js';
import { createGcTrigger, once, type Pointer } from './onnxRuntime.node.js';
import { attempt, CApiUnavailableError, type Expectations, OrtApi } from './ortApi.node.js';
import { type Executor, hasBuffer, type LoadOptions, SPINNING } from './program.js';

/** Codes of a log severity, of levels of optimization, and of CPU memory. */
const FATAL = 4;
const [NO_OPTIMIZATION, ALL_OPTIMIZATIONS] = [0, 99];
const [ARENA_ALLOCATOR, DEFAULT_MEMORY] = [1, 0];

/** Its environment and memory description are never released. */
export class CApiRuntime {
  /** Once per process. @throws {CApiUnavailableError} as `connect` */
  static readonly open = once(() => CApiRuntime.connect());

  private constructor(
    private readonly ort: OrtApi,
    private readonly environment: Pointer,
    private readonly memory: Pointer,
  ) {}

  /** @throws {CApiUnavailableError} if the library is not as expected, or the C API is unavailable here */
  static async connect(expected: Expectations = {}): Promise<CApiRuntime> {
    const ort = await OrtApi.open(expected);
    return attempt('setup', 'the library does not start', () => {
      const environment = ort.create('CreateEnv', FATAL, 'agenet');
      return new CApiRuntime(ort, environment, ort.create('CreateCpuMemoryInfo', ARENA_ALLOCATOR, DEFAULT_MEMORY));
    });
  }

  async load(model: Uint8Array, { threads, optimize, communicator }: LoadOptions) {
    const { ort } = this;
    const options = ort.create('CreateSessionOptions');
    try {
      // A memory plan takes another block: 1.14 GB instead of 0.79 at width 64, for at most 4% of time.
      ort.call('DisableMemPattern', options);
      // Errors are thrown as well.
      ort.call('SetSessionLogSeverityLevel', options, FATAL);
      ort.call('SetSessionGraphOptimizationLevel', options, optimize ? ALL_OPTIMIZATIONS : NO_OPTIMIZATION);
      ort.call('SetIntraOpNumThreads', options, threads);
      for (const entry of Object.entries(SPINNING)) ort.call('AddSessionConfigEntry', options, ...entry);
      if (communicator) ort.call('AddCustomOpDomain', options, collectiveDomain(ort, communicator));
      const session: Pointer[] = [null];
      await ort.callAsync('CreateSessionFromArray', [this.environment, model, model.byteLength, options, session]);
      // Operators that call JavaScript must run on its thread: others would wait for it.
      return executorOf(ort, session[0]!, this.memory, communicator !== undefined);
    } finally {
      ort.release('ReleaseSessionOptions', options);
    }
  }
}

type CApiAccess = { runtime: CApiRuntime; reason?: undefined } | { runtime?: undefined; reason: CApiUnavailableError };

export async function openCApi(): Promise<CApiAccess> {
  try {
    return { runtime: await CApiRuntime.open() };
  } catch (error) {
    if (error instanceof CApiUnavailableError) return { reason: error };
    throw error;
  }
}

function executorOf(ort: OrtApi, session: Pointer, memory: Pointer, runsHere: boolean): Executor {
  const beforeRun = createGcTrigger();
  let hasRun = false;
  const tensorOver = ({ type, shape, data }: TensorData) => {
    const dimensions = [BigInt64Array.from(shape, BigInt), shape.length];
    const parameters = [memory, data, data.byteLength, ...dimensions, ELEMENT_CODES[type]];
    return ort.create('CreateTensorWithDataAsOrtValue', ...parameters);
  };
  return {
    async run(inputs: Record<string, TensorData>, outputs) {
      // Only the first inputs leave garbage when they are created: at least their own size.
      if (!hasRun) beforeRun(Object.values(inputs).reduce((bytes, { data }) => bytes + data.byteLength, 0));
      hasRun = true;
      const targets = mapValues(outputs, (output) => (hasBuffer(output) ? output : allocated(output)));
      const values: Pointer[] = [];
      try {
        for (const operand of [...Object.values(inputs), ...Object.values(targets)]) values.push(tensorOver(operand));
        const [feeds, fetches] = [Object.keys(inputs), Object.keys(targets)];
        const count = feeds.length;
        const operands = [feeds, values.slice(0, count), count, fetches, fetches.length, values.slice(count)];
        const parameters = [session, null, ...operands];
        if (runsHere) ort.call('Run', ...parameters);
        else await ort.callAsync('Run', parameters, [inputs, targets]);
      } finally {
        for (const value of values) ort.release('ReleaseValue', value);
      }
      const wanted = Object.entries(targets).filter(([name]) => !hasBuffer(outputs[name]!));
      return Object.fromEntries(wanted.map(([name, { data }]) => [name, data]));
    },
    release() {
      ort.release('ReleaseSession', session);
      return Promise.resolve();
    },
    endProfiling() {
      throw new Error('no profile is recorded');
    },
  };
}

const allocated = ({ type, shape }: TensorType): TensorData => ({
  type,
  shape,
  data: new ARRAY_OF[type](sizeOf(shape)),
});
