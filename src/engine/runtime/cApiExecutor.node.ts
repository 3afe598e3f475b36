import { sizeOf } from '../shape.js';
import { ARRAY_OF, type ElementArray, type ElementType, type TensorType } from '../value.js';
import { type Pointer, OrtApi, type Expectations } from './ortApi.node.js';
import { type Executor, hasBuffer, type TensorBuffer } from './executor.js';
import { createGcTrigger } from './garbage.node.js';
import { once } from './once.js';
import { attempt } from './unavailable.js';

/** ONNX's numbers of the element types. */
const ELEMENT_CODES: Readonly<Record<ElementType, number>> = { float32: 1, uint8: 2, int64: 7, bool: 9 };

/** Of ONNX Runtime: severities of log lines; the processor's memory by arena, of the default kind. */
const [ERROR, FATAL] = [3, 4];
const [ARENA_ALLOCATOR, DEFAULT_MEMORY] = [1, 0];

/** ONNX Runtime on the processor, called by its C interface. One a process; its environment and description of memory are never released. */
export class CApiRuntime {
  /**
   * Opens the library, once per process.
   * @throws {DirectUnavailableError} if it cannot be called here
   */
  static readonly open = once(() => CApiRuntime.connect());

  private constructor(
    private readonly ort: OrtApi,
    private readonly environment: Pointer,
    private readonly memory: Pointer,
  ) {}

  /**
   * Opens a library that is as expected.
   * @throws {DirectUnavailableError} if it is not, or cannot be called here
   */
  static async connect(expected: Expectations = {}): Promise<CApiRuntime> {
    const calls = await OrtApi.open(expected);
    return attempt('setup', 'the library refuses to start', () => {
      return new CApiRuntime(calls, calls.create('CreateEnv', FATAL, 'agenet'), calls.create('CreateCpuMemoryInfo', ARENA_ALLOCATOR, DEFAULT_MEMORY));
    });
  }

  /**
   * Loads a model.
   * @param threads of one operator; 0: one for each core
   */
  async load(model: Uint8Array, threads: number): Promise<Executor> {
    const calls = this.ort;
    const options = calls.create('CreateSessionOptions');
    try {
      // A plan of all allocations takes a block of its own beside the arena: at width 64 1.14 GB instead of 0.79, for at most 4 % of time.
      calls.call('DisableMemPattern', options);
      calls.call('SetSessionLogSeverityLevel', options, ERROR);
      calls.call('SetIntraOpNumThreads', options, threads);
      const place: Pointer[] = [null];
      await calls.callAsync('CreateSessionFromArray', [this.environment, model, model.byteLength, options, place]);
      return new CApiExecutor(calls, place[0]!, this.memory);
    } finally {
      calls.release('ReleaseSessionOptions', options);
    }
  }
}

const bytesOf = (operands: readonly TensorBuffer[]): number => operands.reduce((bytes, { data }) => bytes + data.byteLength, 0);

/** Runs a model with results written where they are wanted, and nothing copied. */
class CApiExecutor implements Executor {
  private readonly beforeRun = createGcTrigger();
  /** Bytes; what it took to make the first inputs is not known, but is as large as they are. */
  private garbage: number | undefined;

  constructor(
    private readonly calls: OrtApi,
    private readonly session: Pointer,
    private readonly memory: Pointer,
  ) {}

  async run(inputs: Readonly<Record<string, TensorBuffer>>, outputs: Readonly<Record<string, TensorBuffer | TensorType>>) {
    this.beforeRun(this.garbage ?? bytesOf(Object.values(inputs)));
    this.garbage = 0;
    const places = Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, hasBuffer(output) ? output : allocated(output)]));
    const values: Pointer[] = [];
    try {
      for (const operand of [...Object.values(inputs), ...Object.values(places)]) values.push(this.tensorOver(operand));
      const [feeds, fetches] = [Object.keys(inputs), Object.keys(places)];
      const parameters = [feeds, values.slice(0, feeds.length), feeds.length, fetches, fetches.length, values.slice(feeds.length)];
      await this.calls.callAsync('Run', [this.session, null, ...parameters], [inputs, places]);
    } finally {
      for (const value of values) this.calls.release('ReleaseValue', value);
    }
    const wanted = Object.entries(places).filter(([name]) => !hasBuffer(outputs[name]!));
    return Object.fromEntries(wanted.map(([name, { data }]): [string, ElementArray] => [name, data]));
  }

  release(): Promise<void> {
    this.calls.release('ReleaseSession', this.session);
    return Promise.resolve();
  }

  endProfiling(): void {
    throw new Error('no profile is recorded');
  }

  /** A tensor over the memory of an array. */
  private tensorOver({ type, shape, data }: TensorBuffer): Pointer {
    const dimensions = BigInt64Array.from(shape, BigInt);
    return this.calls.create('CreateTensorWithDataAsOrtValue', this.memory, data, data.byteLength, dimensions, shape.length, ELEMENT_CODES[type]);
  }
}

const allocated = ({ type, shape }: TensorType): TensorBuffer => ({ type, shape, data: new ARRAY_OF[type](sizeOf(shape)) });
