import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { KoffiFunc } from 'koffi';

/** An address in the library's memory; null is none. */
export type Address = bigint | null;

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

/** The library runs on the stack that a call is given, in bytes: as much as threads usually have. Kernels keep their panels there. */
const STACK = 8 * 2 ** 20;

type Native = KoffiFunc<(...parameters: unknown[]) => unknown>;

/** ONNX Runtime's C interface. What a call fails with is thrown, with the library's message. */
export class CInterface {
  private readonly inUse = new Set<unknown>();

  private constructor(
    private readonly calls: Readonly<Record<keyof typeof CALLS, Native>>,
    private readonly releases: Readonly<Record<keyof typeof RELEASES, Native>>,
    private readonly messageOf: Native,
  ) {}

  /**
   * Finds the functions in the library that onnxruntime-node brings.
   * @throws where this platform has no such library, or no way to call it
   */
  static async open(): Promise<CInterface> {
    // Elsewhere the library goes by names that this was never tried with.
    if (process.platform !== 'linux') throw new Error(`not tried on ${process.platform}`);
    const { default: koffi } = await import('koffi');
    koffi.config({ ...koffi.config(), sync_stack_size: STACK, async_stack_size: STACK, resident_async_pools: 1 });
    const folder = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
    const library = koffi.load(join(folder, 'bin', 'napi-v6', process.platform, process.arch, 'libonnxruntime.so.1'));
    const base = library.func('OrtGetApiBase', 'void *', [])() as Address;
    const functionAt = (address: unknown, prototype: string) => koffi.decode(address, koffi.proto(prototype)) as Native;
    const getApi = functionAt(koffi.decode(base, 'void *'), 'void *(uint32_t)');
    const table = koffi.decode(getApi(INTERFACE_VERSION), koffi.array('void *', TABLE_LENGTH)) as Address[];
    return new CInterface(
      mapValues(CALLS, ([place, parameters]) => functionAt(table[place], `void *(${parameters})`)),
      mapValues(RELEASES, (place) => functionAt(table[place], 'void (void *)')),
      functionAt(table[GET_ERROR_MESSAGE], 'const char *(void *)'),
    );
  }

  call(name: keyof typeof CALLS, ...parameters: unknown[]): void {
    this.check(this.calls[name](...parameters) as Address);
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
      this.check(status as Address);
    } finally {
      this.inUse.delete(used);
    }
  }

  /** Calls a function whose last parameter is where it puts what it makes, and returns that. */
  made(name: keyof typeof CALLS, ...parameters: unknown[]): Address {
    const place: Address[] = [null];
    this.call(name, ...parameters, place);
    return place[0]!;
  }

  release(name: keyof typeof RELEASES, address: Address): void {
    this.releases[name](address);
  }

  private check(status: Address): void {
    if (status === null) return;
    const message = this.messageOf(status) as string;
    this.release('ReleaseStatus', status);
    throw new Error(message);
  }
}

const mapValues = <K extends string, A, B>(record: Readonly<Record<K, A>>, change: (value: A) => B): Record<K, B> =>
  Object.fromEntries(Object.entries<A>(record).map(([key, value]) => [key, change(value)])) as Record<K, B>;
