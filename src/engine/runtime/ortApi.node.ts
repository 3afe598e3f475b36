import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { KoffiFunc } from 'koffi';
import { attempt, DirectUnavailableError } from './unavailable.js';

/** An address in the library's memory; null is none. */
export type Pointer = bigint | null;

/**
 * What running models on the processor needs of ONNX Runtime's C interface: places in the table of functions that the library hands
 * out, and parameters. Places never change, since new functions are only added at the end (onnxruntime_c_api.h, struct OrtApi).
 */
const CALLS = {
  CreateEnv: [3, 'int, const char *, _Out_ void **'],
  CreateSessionFromArray: [8, 'void *, const void *, size_t, void *, _Out_ void **'],
  Run: [9, 'void *, void *, const char **, void **, size_t, const char **, size_t, void **'],
  CreateSessionOptions: [10, '_Out_ void **'],
  DisableMemPattern: [17, 'void *'],
  SetSessionLogSeverityLevel: [22, 'void *, int'],
  SetIntraOpNumThreads: [24, 'void *, int'],
  CreateTensorWithDataAsOrtValue: [49, 'void *, void *, size_t, const int64_t *, size_t, int, _Out_ void **'],
  CreateCpuMemoryInfo: [69, 'int, int, _Out_ void **'],
} as const;
const RELEASES = { ReleaseStatus: 93, ReleaseSession: 95, ReleaseValue: 96, ReleaseSessionOptions: 100 } as const;
const GET_ERROR_MESSAGE = 2;
const TABLE_LENGTH = 101;

/** The version of the interface that has all of them; every later library still hands it out. */
const INTERFACE_VERSION = 16;

/** The version of ONNX Runtime with which calls, results and memory were tried; no other is called directly. */
const TRIED_VERSION = '1.30.0';

/** What a library must be to be called; the defaults are what this project was tried with. */
export interface Expectations {
  readonly version?: string;
  readonly platform?: NodeJS.Platform;
}

/** The library runs on the stack that a call is given, in bytes: as much as threads usually have. Kernels keep their panels there. */
const STACK = 8 * 2 ** 20;

type Native = KoffiFunc<(...parameters: unknown[]) => unknown>;

/** ONNX Runtime's C interface. What a call fails with is thrown, with the library's message. */
export class OrtApi {
  private readonly inUse = new Set<unknown>();

  private constructor(
    private readonly calls: Readonly<Record<keyof typeof CALLS, Native>>,
    private readonly releases: Readonly<Record<keyof typeof RELEASES, Native>>,
    private readonly messageOf: Native,
  ) {}

  /**
   * Finds the functions in the library that onnxruntime-node brings.
   * @throws {DirectUnavailableError} if this platform has no such library, or of another version, or no way to call it
   */
  static async open({ version = TRIED_VERSION, platform = process.platform }: Expectations = {}): Promise<OrtApi> {
    // Elsewhere the library has names with which this was never tried.
    if (platform !== 'linux') throw new DirectUnavailableError('platform', `the C interface was not tried on ${platform}`);
    const file = await attempt('library', "the runtime's library was not found", () => findLibrary(version));
    const koffi = await attempt('caller', 'koffi, which calls C functions, cannot be used', loadKoffi);
    const functionAt = (address: unknown, prototype: string) => koffi.decode(address, koffi.proto(prototype)) as Native;
    const base = await attempt('library', `${file} cannot be called`, () => koffi.load(file).func('OrtGetApiBase', 'void *', [])() as Pointer);
    // struct OrtApiBase: GetApi, GetVersionString. It never changes, so that it can be asked before anything else is relied on.
    const [getApi, getVersion] = koffi.decode(base, koffi.array('void *', 2)) as Pointer[];
    requireVersion('the library', String(functionAt(getVersion, 'const char *()')()), version);
    const api = functionAt(getApi, 'void *(uint32_t)')(INTERFACE_VERSION);
    if (api === null) throw new DirectUnavailableError('version', `the library has no interface ${INTERFACE_VERSION}`);
    const table = koffi.decode(api, koffi.array('void *', TABLE_LENGTH)) as Pointer[];
    return new OrtApi(
      mapValues(CALLS, ([place, parameters]) => functionAt(table[place], `void *(${parameters})`)),
      mapValues(RELEASES, (place) => functionAt(table[place], 'void (void *)')),
      functionAt(table[GET_ERROR_MESSAGE], 'const char *(void *)'),
    );
  }

  call(name: keyof typeof CALLS, ...parameters: unknown[]): void {
    this.check(this.calls[name](...parameters) as Pointer);
  }

  /**
   * Calls on another thread.
   * @param alive what must not be collected until it is done, beside the parameters: the library's addresses keep nothing
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

  /** Calls a function whose last parameter is where it puts what it makes, and returns that. */
  create(name: keyof typeof CALLS, ...parameters: unknown[]): Pointer {
    const place: Pointer[] = [null];
    this.call(name, ...parameters, place);
    return place[0]!;
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
  // It refuses any configuration, even an equal one, once a library is loaded.
  if (Object.entries(wanted).some(([name, value]) => current[name as keyof typeof current] !== value)) koffi.config(wanted);
  return koffi;
}

function requireVersion(what: string, found: string, expected: string): void {
  if (found !== expected) throw new DirectUnavailableError('version', `${what} is ONNX Runtime ${found}, but its C interface was tried with ${expected} only`);
}

/** The library in the package of the Node binding, whose folder is named after the version of Node's own interface. */
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
