/** ONNX Runtime on the CPU through its C API: results are written into buffers, and nothing is copied. */
import { sizeOf } from '../shape.js';
import { ARRAY_OF, ELEMENT_CODES, type ElementArray, type TensorType } from '../value.js';
import { collectiveDomain } from './collectives.node.js';
import { createGcTrigger, once, type Pointer } from './onnxRuntime.node.js';
import { attempt, CApiUnavailableError, type Expectations, OrtApi } from './ortApi.node.js';
import { type Executor, hasBuffer, type LoadOptions, type TensorBuffer } from './program.js';

/** ONNX Runtime's constants: a log severity, levels of graph optimization, and CPU memory from an arena, of the default kind. */
const FATAL = 4;
const [NO_OPTIMIZATION, ALL_OPTIMIZATIONS] = [0, 99];
const [ARENA_ALLOCATOR, DEFAULT_MEMORY] = [1, 0];

/** ONNX Runtime in this process. Its environment and description of memory are never released. */
export class CApiRuntime {
  /**
   * Opens the library, once per process.
   * @throws {CApiUnavailableError} if the C API is unavailable here
   */
  static readonly open = once(() => CApiRuntime.connect());

  private constructor(
    private readonly ort: OrtApi,
    private readonly environment: Pointer,
    private readonly memory: Pointer,
  ) {}

  /**
   * Opens a library that meets expectations.
   * @throws {CApiUnavailableError} if it does not, or the C API is unavailable here
   */
  static async connect(expected: Expectations = {}): Promise<CApiRuntime> {
    const ort = await OrtApi.open(expected);
    return attempt('setup', 'the library does not start', () => {
      return new CApiRuntime(
        ort,
        ort.create('CreateEnv', FATAL, 'agenet'),
        ort.create('CreateCpuMemoryInfo', ARENA_ALLOCATOR, DEFAULT_MEMORY),
      );
    });
  }

  /** Loads a model. */
  async load(model: Uint8Array, { threads, optimize, communicator }: LoadOptions): Promise<Executor> {
    const { ort } = this;
    const options = ort.create('CreateSessionOptions');
    try {
      // A memory plan takes a block of its own besides the arena: 1.14 GB instead of 0.79 at width 64, for at most 4% of time.
      ort.call('DisableMemPattern', options);
      // Errors are thrown as well.
      ort.call('SetSessionLogSeverityLevel', options, FATAL);
      ort.call('SetSessionGraphOptimizationLevel', options, optimize ? ALL_OPTIMIZATIONS : NO_OPTIMIZATION);
      ort.call('SetIntraOpNumThreads', options, threads);
      if (communicator) ort.call('AddCustomOpDomain', options, collectiveDomain(ort, communicator));
      const session: Pointer[] = [null];
      await ort.callAsync('CreateSessionFromArray', [this.environment, model, model.byteLength, options, session]);
      return new CApiExecutor(ort, session[0]!, this.memory, communicator !== undefined);
    } finally {
      ort.release('ReleaseSessionOptions', options);
    }
  }
}

/** The C API, or the reason why it is unavailable here. */
export type CApiAccess =
  | { readonly runtime: CApiRuntime; readonly reason?: undefined }
  | { readonly runtime?: undefined; readonly reason: CApiUnavailableError };

/** Opens the C API, or returns the reason why it is unavailable here. */
export async function openCApi(): Promise<CApiAccess> {
  try {
    return { runtime: await CApiRuntime.open() };
  } catch (error) {
    if (error instanceof CApiUnavailableError) return { reason: error };
    throw error;
  }
}

const bytesOf = (operands: readonly TensorBuffer[]): number =>
  operands.reduce((bytes, { data }) => bytes + data.byteLength, 0);

class CApiExecutor implements Executor {
  private readonly beforeRun = createGcTrigger();
  /** Bytes. What was needed to create the first inputs is unknown, but as large as they are. */
  private garbage: number | undefined;

  constructor(
    private readonly ort: OrtApi,
    private readonly session: Pointer,
    private readonly memory: Pointer,
    /** Whether operators call JavaScript, which is only possible on its thread without a wait for each call. */
    private readonly callsBack: boolean,
  ) {}

  async run(
    inputs: Readonly<Record<string, TensorBuffer>>,
    outputs: Readonly<Record<string, TensorBuffer | TensorType>>,
  ) {
    this.beforeRun(this.garbage ?? bytesOf(Object.values(inputs)));
    this.garbage = 0;
    const targets = Object.fromEntries(
      Object.entries(outputs).map(([name, output]) => [name, hasBuffer(output) ? output : allocated(output)]),
    );
    const values: Pointer[] = [];
    try {
      for (const operand of [...Object.values(inputs), ...Object.values(targets)])
        values.push(this.tensorOver(operand));
      const [feeds, fetches] = [Object.keys(inputs), Object.keys(targets)];
      const parameters = [
        feeds,
        values.slice(0, feeds.length),
        feeds.length,
        fetches,
        fetches.length,
        values.slice(feeds.length),
      ];
      if (this.callsBack) this.ort.call('Run', this.session, null, ...parameters);
      else await this.ort.callAsync('Run', [this.session, null, ...parameters], [inputs, targets]);
    } finally {
      for (const value of values) this.ort.release('ReleaseValue', value);
    }
    const wanted = Object.entries(targets).filter(([name]) => !hasBuffer(outputs[name]!));
    return Object.fromEntries(wanted.map(([name, { data }]): [string, ElementArray] => [name, data]));
  }

  release(): Promise<void> {
    this.ort.release('ReleaseSession', this.session);
    return Promise.resolve();
  }

  endProfiling(): void {
    throw new Error('no profile is recorded');
  }

  /** A tensor in the memory of an array. */
  private tensorOver({ type, shape, data }: TensorBuffer): Pointer {
    const dimensions = BigInt64Array.from(shape, BigInt);
    return this.ort.create(
      'CreateTensorWithDataAsOrtValue',
      this.memory,
      data,
      data.byteLength,
      dimensions,
      shape.length,
      ELEMENT_CODES[type],
    );
  }
}

const allocated = ({ type, shape }: TensorType): TensorBuffer => ({
  type,
  shape,
  data: new ARRAY_OF[type](sizeOf(shape)),
});
