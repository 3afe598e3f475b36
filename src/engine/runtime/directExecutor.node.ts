import { sizeOf } from '../shape.js';
import { ARRAY_OF, type ElementArray, type ElementType, type TensorType } from '../value.js';
import { type Address, CInterface, type Expectations } from './cInterface.node.js';
import { type Executor, isGiven, type Operand } from './executor.js';
import { collectLargeGarbage } from './garbage.node.js';
import { once } from './once.js';
import { attempt } from './unavailable.js';

/** ONNX's numbers of the element types. */
const ELEMENT_CODES: Readonly<Record<ElementType, number>> = { float32: 1, uint8: 2, int64: 7, bool: 9 };

/** Of ONNX Runtime: severities of log lines; the processor's memory by arena, of the default kind. */
const [ERROR, FATAL] = [3, 4];
const [ARENA_ALLOCATOR, DEFAULT_MEMORY] = [1, 0];

/** ONNX Runtime on the processor, called by its C interface. One a process; its environment and description of memory are never released. */
export class DirectRuntime {
  /**
   * Opens the library, once per process.
   * @throws {DirectUnavailableError} if it cannot be called here
   */
  static readonly open = once(() => DirectRuntime.connect());

  private constructor(
    private readonly interface_: CInterface,
    private readonly environment: Address,
    private readonly memory: Address,
  ) {}

  /**
   * Opens a library that is as expected.
   * @throws {DirectUnavailableError} if it is not, or cannot be called here
   */
  static async connect(expected: Expectations = {}): Promise<DirectRuntime> {
    const calls = await CInterface.open(expected);
    return attempt('setup', 'the library refuses to start', () => {
      return new DirectRuntime(calls, calls.made('CreateEnv', FATAL, 'agenet'), calls.made('CreateCpuMemoryInfo', ARENA_ALLOCATOR, DEFAULT_MEMORY));
    });
  }

  /**
   * Loads a model.
   * @param threads of one operator; 0: one for each core
   */
  async load(model: Uint8Array, threads: number): Promise<Executor> {
    const calls = this.interface_;
    const options = calls.made('CreateSessionOptions');
    try {
      // A plan of all allocations takes a block of its own beside the arena: at width 64 1.14 GB instead of 0.79, for at most 4 % of time.
      calls.call('DisableMemPattern', options);
      calls.call('SetSessionLogSeverityLevel', options, ERROR);
      calls.call('SetIntraOpNumThreads', options, threads);
      const place: Address[] = [null];
      await calls.callAsync('CreateSessionFromArray', [this.environment, model, model.byteLength, options, place]);
      return new DirectExecutor(calls, place[0]!, this.memory);
    } finally {
      calls.release('ReleaseSessionOptions', options);
    }
  }
}

const bytesOf = (operands: readonly Operand[]): number => operands.reduce((bytes, { data }) => bytes + data.byteLength, 0);

/** Runs a model with results written where they are wanted, and nothing copied. */
class DirectExecutor implements Executor {
  private readonly beforeRun = collectLargeGarbage();
  /** Bytes; what it took to make the first inputs is not known, but is as large as they are. */
  private garbage: number | undefined;

  constructor(
    private readonly calls: CInterface,
    private readonly session: Address,
    private readonly memory: Address,
  ) {}

  async run(inputs: Readonly<Record<string, Operand>>, outputs: Readonly<Record<string, Operand | TensorType>>) {
    this.beforeRun(this.garbage ?? bytesOf(Object.values(inputs)));
    this.garbage = 0;
    const places = Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, isGiven(output) ? output : allocated(output)]));
    const values: Address[] = [];
    try {
      for (const operand of [...Object.values(inputs), ...Object.values(places)]) values.push(this.tensorOver(operand));
      const [feeds, fetches] = [Object.keys(inputs), Object.keys(places)];
      const parameters = [feeds, values.slice(0, feeds.length), feeds.length, fetches, fetches.length, values.slice(feeds.length)];
      await this.calls.callAsync('Run', [this.session, null, ...parameters], [inputs, places]);
    } finally {
      for (const value of values) this.calls.release('ReleaseValue', value);
    }
    const wanted = Object.entries(places).filter(([name]) => !isGiven(outputs[name]!));
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
  private tensorOver({ type, shape, data }: Operand): Address {
    const dimensions = BigInt64Array.from(shape, BigInt);
    return this.calls.made('CreateTensorWithDataAsOrtValue', this.memory, data, data.byteLength, dimensions, shape.length, ELEMENT_CODES[type]);
  }
}

const allocated = ({ type, shape }: TensorType): Operand => ({ type, shape, data: new ARRAY_OF[type](sizeOf(shape)) });
