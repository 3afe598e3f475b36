import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KoffiFunc, LibraryHandle } from 'koffi';
import { messageOf } from '../../errors.js';
import { mapValues } from '../graph.js';
import { disableTelemetry, type Koffi, loadKoffi, packageFolder, type Pointer } from './onnxRuntime.node.js';

/** The C API is unavailable, so graphs run through the Node binding. */
export class CApiUnavailableError extends Error {
  override readonly name: string = 'CApiUnavailableError';

  constructor(
    readonly code: 'platform' | 'caller' | 'library' | 'version' | 'setup',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message.replaceAll('\n', ' '), options);
  }
}

/** @throws {CApiUnavailableError} if a step of the setup fails */
export async function attempt<T>(
  code: CApiUnavailableError['code'],
  what: string,
  step: () => T | Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof CApiUnavailableError) throw error;
    throw new CApiUnavailableError(code, `${what}: ${messageOf(error)}`, { cause: error });
  }
}

/** Index in struct OrtApi (onnxruntime_c_api.h), which never changes, and parameters. */
const CALLS = {
  CreateStatus: [0, 'int, const char *'],
  CreateEnv: [3, 'int, const char *, _Out_ void **'],
  CreateSessionFromArray: [8, 'void *, const void *, size_t, void *, _Out_ void **'],
  Run: [9, 'void *, void *, const char **, void **, size_t, const char **, size_t, void **'],
  CreateSessionOptions: [10, '_Out_ void **'],
  DisableMemPattern: [17, 'void *'],
  SetSessionLogSeverityLevel: [22, 'void *, int'],
  SetSessionGraphOptimizationLevel: [23, 'void *, int'],
  SetIntraOpNumThreads: [24, 'void *, int'],
  CreateCustomOpDomain: [26, 'const char *, _Out_ void **'],
  CustomOpDomain_Add: [27, 'void *, void *'],
  AddCustomOpDomain: [28, 'void *, void *'],
  CreateTensorWithDataAsOrtValue: [49, 'void *, void *, size_t, const int64_t *, size_t, int, _Out_ void **'],
  GetTensorMutableData: [51, 'void *, _Out_ void **'],
  GetDimensionsCount: [61, 'void *, _Out_ size_t *'],
  GetDimensions: [62, 'void *, _Out_ int64_t *, size_t'],
  GetTensorTypeAndShape: [65, 'void *, _Out_ void **'],
  CreateCpuMemoryInfo: [69, 'int, int, _Out_ void **'],
  KernelContext_GetInput: [90, 'void *, size_t, _Out_ void **'],
  KernelContext_GetOutput: [91, 'void *, size_t, const int64_t *, size_t, _Out_ void **'],
  AddSessionConfigEntry: [130, 'void *, const char *, const char *'],
} as const;
const RELEASES = {
  ReleaseStatus: 93,
  ReleaseSession: 95,
  ReleaseValue: 96,
  ReleaseTensorTypeAndShapeInfo: 99,
  ReleaseSessionOptions: 100,
} as const;
const GET_ERROR_MESSAGE = 2;

/** ONNX Runtime's code of a general error. */
const FAIL = 1;

const TABLE_LENGTH = 131;

/** The API that has all of these functions; every later library still provides it. */
const API_VERSION = 16;

/** Calls, results and memory were tested with this version only. */
const TESTED_VERSION = '1.30.0';

/** Default: what was tested. */
export interface Expectations {
  version?: string;
  platform?: NodeJS.Platform;
}

type Native = KoffiFunc<(...parameters: unknown[]) => unknown>;

/** A failed call throws the library's message. */
export class OrtApi {
  private readonly inUse = new Set<unknown>();

  private constructor(
    private readonly calls: Record<keyof typeof CALLS, Native>,
    private readonly releases: Record<keyof typeof RELEASES, Native>,
    private readonly messageOf: Native,
    readonly koffi: Koffi,
    /** koffi unloads a library that is garbage. */
    readonly library: LibraryHandle,
  ) {}

  /** @throws {CApiUnavailableError} if the library was not tested or cannot be used */
  static async open({ version = TESTED_VERSION, platform = process.platform }: Expectations = {}) {
    if (platform !== 'linux') throw new CApiUnavailableError('platform', `the C API was not tested on ${platform}`);
    const file = await attempt('library', "ONNX Runtime's library was not found", () => findLibrary(version));
    const koffi = await attempt('caller', 'koffi cannot be used', loadKoffi);
    const functionAt = (address: unknown, prototype: string) => koffi.decode(address, koffi.proto(prototype)) as Native;
    disableTelemetry();
    const library = await attempt('library', `${file} cannot be loaded`, () => koffi.load(file));
    const getBase = () => library.func('OrtGetApiBase', 'void *', [])() as Pointer;
    const base = await attempt('library', `${file} cannot be called`, getBase);
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
      koffi,
      library,
    );
  }

  call(name: keyof typeof CALLS, ...parameters: unknown[]) {
    this.check(this.calls[name](...parameters) as Pointer);
  }

  /**
   * On another thread.
   * @param alive must not be collected meanwhile: native addresses keep nothing alive
   */
  async callAsync(name: keyof typeof CALLS, parameters: readonly unknown[], alive?: unknown) {
    const used = [parameters, alive];
    this.inUse.add(used);
    try {
      const status = await new Promise((resolve, reject) => {
        this.calls[name].async(...parameters, (error: Error | null, result: unknown) =>
          error ? reject(error) : resolve(result),
        );
      });
      this.check(status as Pointer);
    } finally {
      this.inUse.delete(used);
    }
  }

  /** Returns what a function stores through its last parameter. */
  create(name: keyof typeof CALLS, ...parameters: unknown[]) {
    const created: Pointer[] = [null];
    this.call(name, ...parameters, created);
    return created[0]!;
  }

  failure(message: string) {
    return this.calls.CreateStatus(FAIL, message) as Pointer;
  }

  release(name: keyof typeof RELEASES, address: Pointer) {
    this.releases[name](address);
  }

  private check(status: Pointer) {
    if (status === null) return;
    const message = this.messageOf(status) as string;
    this.release('ReleaseStatus', status);
    throw new Error(message);
  }
}

function requireVersion(what: string, found: string, expected: string) {
  if (found === expected) return;
  const message = `${what} is ONNX Runtime ${found}, but its C API was tested with ${expected} only`;
  throw new CApiUnavailableError('version', message);
}

/** The library's folder is named after the version of Node-API. */
async function findLibrary(version: string) {
  const manifest = await readFile(join(packageFolder(), 'package.json'), 'utf8');
  const { version: installed } = JSON.parse(manifest) as { version: string };
  requireVersion('the installed onnxruntime-node', installed, version);
  const root = join(packageFolder(), 'bin');
  const entries = (await readdir(root, { recursive: true })).map((entry) => join(root, entry));
  const found = entries.filter((entry) => entry.endsWith(join(process.platform, process.arch, 'libonnxruntime.so.1')));
  if (found.length !== 1)
    throw new Error(`${root} has ${found.length} libraries for ${process.platform} ${process.arch}`);
  return found[0]!;
}
