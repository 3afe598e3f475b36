/** ONNX Runtime on the CPU through its C API, called by koffi: results are written into buffers, and nothing is copied. */
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { KoffiFunc, LibraryHandle } from 'koffi';
import { sizeOf } from '../shape.js';
import { ARRAY_OF, ELEMENT_CODES, type ElementArray, type TensorType } from '../value.js';
import { createGcTrigger, disableTelemetry, once } from './onnxRuntime.node.js';
import { type Executor, hasBuffer, type LoadOptions, type TensorBuffer } from './program.js';

/** What makes the C API unavailable. */
export type CApiProblem = 'platform' | 'caller' | 'library' | 'version' | 'setup';

/** The reason, in one line, why the C API is unavailable here. Graphs run through the Node binding instead. */
export class CApiUnavailableError extends Error {
  override readonly name: string = 'CApiUnavailableError';

  constructor(
    readonly code: CApiProblem,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message.replaceAll('\n', ' '), options);
  }
}

/** Runs a step of the setup and reports its failure as a reason of this kind. */
async function attempt<T>(code: CApiProblem, what: string, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof CApiUnavailableError) throw error;
    throw new CApiUnavailableError(code, `${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** An address in the library's memory, or null. */
type Pointer = bigint | null;

/**
 * The functions of the C API that running models needs: index in the table that the library returns, and parameters. Indices never change,
 * since new functions are only added at the end (onnxruntime_c_api.h, struct OrtApi).
 */
const CALLS = {
  CreateEnv: [3, 'int, const char *, _Out_ void **'],
  CreateSessionFromArray: [8, 'void *, const void *, size_t, void *, _Out_ void **'],
  Run: [9, 'void *, void *, const char **, void **, size_t, const char **, size_t, void **'],
  CreateSessionOptions: [10, '_Out_ void **'],
  DisableMemPattern: [17, 'void *'],
  SetSessionLogSeverityLevel: [22, 'void *, int'],
  SetSessionGraphOptimizationLevel: [23, 'void *, int'],
  SetIntraOpNumThreads: [24, 'void *, int'],
  CreateTensorWithDataAsOrtValue: [49, 'void *, void *, size_t, const int64_t *, size_t, int, _Out_ void **'],
  CreateCpuMemoryInfo: [69, 'int, int, _Out_ void **'],
} as const;
const RELEASES = { ReleaseStatus: 93, ReleaseSession: 95, ReleaseValue: 96, ReleaseSessionOptions: 100 } as const;
const GET_ERROR_MESSAGE = 2;
const TABLE_LENGTH = 101;

/** The version of the API that has all of them; every later library still provides it. */
const API_VERSION = 16;

/** The version of ONNX Runtime with which calls, results and memory were tested; no other is called through the C API. */
const TESTED_VERSION = '1.30.0';

/** What a library must be; the defaults are what was tested. */
interface Expectations {
  readonly version?: string;
  readonly platform?: NodeJS.Platform;
}

/** Stack of a call, in bytes: as much as threads usually have, since kernels keep their panels there. */
const STACK = 8 * 2 ** 20;

type Native = KoffiFunc<(...parameters: unknown[]) => unknown>;

/** ONNX Runtime's C API. A failed call throws the library's message. */
class OrtApi {
  private readonly inUse = new Set<unknown>();

  private constructor(
    private readonly calls: Readonly<Record<keyof typeof CALLS, Native>>,
    private readonly releases: Readonly<Record<keyof typeof RELEASES, Native>>,
    private readonly messageOf: Native,
    /** koffi unloads a library that is garbage. */
    readonly library: LibraryHandle,
  ) {}

  /**
   * Finds the functions in the library of onnxruntime-node.
   * @throws {CApiUnavailableError} if the platform or version was not tested, or the library or koffi cannot be used
   */
  static async open({ version = TESTED_VERSION, platform = process.platform }: Expectations = {}): Promise<OrtApi> {
    if (platform !== 'linux') throw new CApiUnavailableError('platform', `the C API was not tested on ${platform}`);
    const file = await attempt('library', "ONNX Runtime's library was not found", () => findLibrary(version));
    const koffi = await attempt('caller', 'koffi cannot be used', loadKoffi);
    const functionAt = (address: unknown, prototype: string) => koffi.decode(address, koffi.proto(prototype)) as Native;
    disableTelemetry();
    const library = await attempt('library', `${file} cannot be loaded`, () => koffi.load(file));
    const base = await attempt('library', `${file} cannot be called`, () => library.func('OrtGetApiBase', 'void *', [])() as Pointer);
    // struct OrtApiBase: GetApi, GetVersionString. It never changes, so that the version can be checked first.
    const [getApi, getVersion] = koffi.decode(base, koffi.array('void *', 2)) as Pointer[];
    requireVersion('the library', String(functionAt(getVersion, 'const char *()')()), version);
    const api = functionAt(getApi, 'void *(uint32_t)')(API_VERSION);
    if (api === null) throw new CApiUnavailableError('version', `the library has no API ${API_VERSION}`);
    const table = koffi.decode(api, koffi.array('void *', TABLE_LENGTH)) as Pointer[];
    return new OrtApi(
      mapValues(CALLS, ([index, parameters]) => functionAt(table[index], `void *(${parameters})`)),
      mapValues(RELEASES, (index) => functionAt(table[index], 'void (void *)')),
      functionAt(table[GET_ERROR_MESSAGE], 'const char *(void *)'),
      library,
    );
  }

  call(name: keyof typeof CALLS, ...parameters: unknown[]): void {
    this.check(this.calls[name](...parameters) as Pointer);
  }

  /**
   * Calls on another thread.
   * @param alive objects that must not be collected during the call, besides the parameters: native addresses keep nothing alive
   */
  async callAsync(name: keyof typeof CALLS, parameters: readonly unknown[], alive?: unknown): Promise<void> {
    const used = [parameters, alive];
    this.inUse.add(used);
    try {
      const status = await new Promise((resolve, reject) => {
        this.calls[name].async(...parameters, (error: Error | null, result: unknown) => (error ? reject(error) : resolve(result)));
      });
      this.check(status as Pointer);
    } finally {
      this.inUse.delete(used);
    }
  }

  /** Calls a function that stores what it creates through its last parameter, and returns that. */
  create(name: keyof typeof CALLS, ...parameters: unknown[]): Pointer {
    const created: Pointer[] = [null];
    this.call(name, ...parameters, created);
    return created[0]!;
  }

  release(name: keyof typeof RELEASES, address: Pointer): void {
    this.releases[name](address);
  }

  private check(status: Pointer): void {
    if (status === null) return;
    const message = this.messageOf(status) as string;
    this.release('ReleaseStatus', status);
    throw new Error(message);
  }
}

async function loadKoffi() {
  const { default: koffi } = await import('koffi');
  const current = koffi.config();
  const wanted = { ...current, sync_stack_size: STACK, async_stack_size: STACK, resident_async_pools: 1 };
  // koffi rejects any configuration, even an equal one, after a library is loaded.
  if (Object.entries(wanted).some(([name, value]) => current[name as keyof typeof current] !== value)) koffi.config(wanted);
  return koffi;
}

function requireVersion(what: string, found: string, expected: string): void {
  if (found !== expected) throw new CApiUnavailableError('version', `${what} is ONNX Runtime ${found}, but its C API was tested with ${expected} only`);
}

/** The library in the package onnxruntime-node, in a folder named after the version of Node-API. */
async function findLibrary(version: string): Promise<string> {
  const manifest = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  const { version: installed } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  requireVersion('the installed onnxruntime-node', installed, version);
  const root = join(dirname(manifest), 'bin');
  const entries = (await readdir(root, { recursive: true })).map((entry) => join(root, entry));
  const found = entries.filter((entry) => entry.endsWith(join(process.platform, process.arch, 'libonnxruntime.so.1')));
  if (found.length !== 1) throw new Error(`${root} has ${found.length} libraries for ${process.platform} ${process.arch}`);
  return found[0]!;
}

const mapValues = <K extends string, A, B>(record: Readonly<Record<K, A>>, change: (value: A) => B): Record<K, B> =>
  Object.fromEntries(Object.entries<A>(record).map(([key, value]) => [key, change(value)])) as Record<K, B>;

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
      return new CApiRuntime(ort, ort.create('CreateEnv', FATAL, 'agenet'), ort.create('CreateCpuMemoryInfo', ARENA_ALLOCATOR, DEFAULT_MEMORY));
    });
  }

  /** Loads a model. */
  async load(model: Uint8Array, { threads, optimize }: LoadOptions): Promise<Executor> {
    const { ort } = this;
    const options = ort.create('CreateSessionOptions');
    try {
      // A memory plan takes a block of its own besides the arena: 1.14 GB instead of 0.79 at width 64, for at most 4% of time.
      ort.call('DisableMemPattern', options);
      // Errors are thrown as well.
      ort.call('SetSessionLogSeverityLevel', options, FATAL);
      ort.call('SetSessionGraphOptimizationLevel', options, optimize ? ALL_OPTIMIZATIONS : NO_OPTIMIZATION);
      ort.call('SetIntraOpNumThreads', options, threads);
      const session: Pointer[] = [null];
      await ort.callAsync('CreateSessionFromArray', [this.environment, model, model.byteLength, options, session]);
      return new CApiExecutor(ort, session[0]!, this.memory);
    } finally {
      ort.release('ReleaseSessionOptions', options);
    }
  }
}

/** The C API, or the reason why it is unavailable here. */
export type CApiAccess =
  { readonly runtime: CApiRuntime; readonly reason?: undefined } | { readonly runtime?: undefined; readonly reason: CApiUnavailableError };

/** Opens the C API, or returns the reason why it is unavailable here. */
export async function openCApi(): Promise<CApiAccess> {
  try {
    return { runtime: await CApiRuntime.open() };
  } catch (error) {
    if (error instanceof CApiUnavailableError) return { reason: error };
    throw error;
  }
}

const bytesOf = (operands: readonly TensorBuffer[]): number => operands.reduce((bytes, { data }) => bytes + data.byteLength, 0);

class CApiExecutor implements Executor {
  private readonly beforeRun = createGcTrigger();
  /** Bytes. What was needed to create the first inputs is unknown, but as large as they are. */
  private garbage: number | undefined;

  constructor(
    private readonly ort: OrtApi,
    private readonly session: Pointer,
    private readonly memory: Pointer,
  ) {}

  async run(inputs: Readonly<Record<string, TensorBuffer>>, outputs: Readonly<Record<string, TensorBuffer | TensorType>>) {
    this.beforeRun(this.garbage ?? bytesOf(Object.values(inputs)));
    this.garbage = 0;
    const targets = Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, hasBuffer(output) ? output : allocated(output)]));
    const values: Pointer[] = [];
    try {
      for (const operand of [...Object.values(inputs), ...Object.values(targets)]) values.push(this.tensorOver(operand));
      const [feeds, fetches] = [Object.keys(inputs), Object.keys(targets)];
      const parameters = [feeds, values.slice(0, feeds.length), feeds.length, fetches, fetches.length, values.slice(feeds.length)];
      await this.ort.callAsync('Run', [this.session, null, ...parameters], [inputs, targets]);
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
    return this.ort.create('CreateTensorWithDataAsOrtValue', this.memory, data, data.byteLength, dimensions, shape.length, ELEMENT_CODES[type]);
  }
}

const allocated = ({ type, shape }: TensorType): TensorBuffer => ({ type, shape, data: new ARRAY_OF[type](sizeOf(shape)) });
