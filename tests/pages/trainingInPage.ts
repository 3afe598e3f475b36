/** What the tests of training in a page call. Bundled for Chromium. */
import type { IterationReport } from '../../src/training/trainer.js';
import type { Configuration } from '../../src/training/configuration.js';
import {
  deleteStoredCheckpoint,
  PageTraining,
  readStoredCheckpoint,
  storeCheckpoint,
  storedCheckpointNames,
  type TrainingProgress,
  WorkerModel,
} from '../../src/web/index.js';

let training: PageTraining | undefined;
let reports: IterationReport[] = [];
/** WebAssembly programs of the main thread. A page that has none computes nothing itself. */
let programs = 0;
for (const name of ['instantiate', 'instantiateStreaming', 'compile', 'compileStreaming'] as const) {
  const original = WebAssembly[name] as (...values: unknown[]) => unknown;
  Object.assign(WebAssembly, { [name]: (...values: unknown[]) => (programs++, original(...values)) });
}

/** Bytes travel between page and test as base64: a megabyte as a list of numbers takes seconds. */
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
const base64Of = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));

const page = {
  async start(configuration: Configuration, images: string, checkpoint?: string): Promise<void> {
    training?.stop();
    const worker = new Worker('/trainingWorker.js', { type: 'module' });
    training = await PageTraining.start(worker, {
      configuration,
      images: bytesOf(images),
      ...(checkpoint ? { checkpoint: bytesOf(checkpoint) } : {}),
    });
    reports = [];
    training.onReport = (report) => reports.push(report);
  },
  run: (reportEvery?: number): Promise<TrainingProgress> => training!.run(reportEvery),
  /** Runs, pauses after a number of reports, and returns both answers. */
  async runAndPause(count: number): Promise<readonly TrainingProgress[]> {
    const paused = new Promise<TrainingProgress>((resolve, reject) => {
      training!.onReport = (report) => {
        if (reports.push(report) === count) training!.pause().then(resolve, reject);
      };
    });
    return Promise.all([training!.run(), paused]);
  },
  /** Runs, pauses and runs again at once, and returns the answers in the order in which they come. */
  async runTwice(): Promise<readonly string[]> {
    const order: string[] = [];
    const first = training!.run().then(({ step }) => order.push(`run ${step}`));
    const pause = training!.pause().then(({ step }) => order.push(`pause ${step}`));
    await Promise.all([first, pause, training!.run().then(({ step }) => order.push(`run ${step}`))]);
    return order;
  },
  /**
   * Runs to the end while a second worker uses the weights as they change.
   * @returns images of a code after the first two reports, and the weights that gave the last
   */
  async runAndUse(configuration: Configuration, code: readonly number[]) {
    const ended = training!.run();
    const images: number[][] = [];
    let model: WorkerModel | undefined;
    let weights = await training!.readWeights();
    for (let count = 0; count < 2; count++) {
      // The worker takes copies: what is posted without a transfer stays.
      if (model) await model.replaceWeights(weights);
      else
        model = await WorkerModel.load(new Worker('/modelWorker.js', { type: 'module' }), { configuration, weights });
      images.push(Array.from(await model.generate({ z: Float32Array.from(code) })));
      if (count === 0) {
        const before = reports.length;
        while (reports.length === before && training!.progress.step < training!.progress.totalSteps)
          await new Promise((resolve) => void setTimeout(resolve, 5));
        weights = await training!.readWeights();
      }
    }
    const progress = await ended;
    model!.stop();
    return {
      images,
      progress,
      parameters: Array.from(weights['generator.parameters']),
      statistics: Array.from(weights['generator.statistics']),
    };
  },
  /** Loads a checkpoint in the model worker. Returns what it makes of a code and of an image. */
  async useCheckpoint(checkpoint: string, code: readonly number[], image: readonly number[]) {
    const model = await WorkerModel.load(new Worker('/modelWorker.js', { type: 'module' }), {
      checkpoint: bytesOf(checkpoint),
    });
    const [sample, codes] = [
      await model.generate({ z: Float32Array.from(code) }),
      await model.encode({ x: Uint8Array.from(image) }),
    ];
    const decoded = await model.decode({ z: codes });
    model.stop();
    return {
      sample: Array.from(sample),
      codes: Array.from(codes),
      decoded: Array.from(decoded),
      width: model.configuration.width,
    };
  },
  failureOfModel: (checkpoint: string): Promise<string> =>
    WorkerModel.load(new Worker('/modelWorker.js', { type: 'module' }), {
      checkpoint: bytesOf(checkpoint),
    }).then(
      () => '',
      (error: Error) => `${error.name}: ${error.message}`,
    ),
  step: (): Promise<IterationReport | undefined> => training!.step(),
  exportCheckpoint: async (density = false): Promise<string> => base64Of(await training!.exportCheckpoint({ density })),
  importCheckpoint: (checkpoint: string): Promise<TrainingProgress> => training!.importCheckpoint(bytesOf(checkpoint)),
  /** Starts with the configuration of a checkpoint and another length. */
  async startFrom(images: string, checkpoint: string, steps: number): Promise<number> {
    training?.stop();
    const worker = new Worker('/trainingWorker.js', { type: 'module' });
    training = await PageTraining.start(worker, {
      images: bytesOf(images),
      checkpoint: bytesOf(checkpoint),
      length: { steps },
    });
    return training.configuration.width;
  },
  failureOf: (action: 'import' | 'run', checkpoint = ''): Promise<string> =>
    (action === 'import' ? training!.importCheckpoint(bytesOf(checkpoint)) : training!.run()).then(
      () => '',
      (error: Error) => `${error.name}: ${error.message}`,
    ),
  store: async (name: string): Promise<void> => storeCheckpoint(name, await training!.exportCheckpoint()),
  stored: async (name: string): Promise<string | undefined> => {
    const bytes = await readStoredCheckpoint(name);
    return bytes && base64Of(bytes);
  },
  storedNames: (): Promise<string[]> => storedCheckpointNames(),
  deleteStored: (name: string): Promise<void> => deleteStoredCheckpoint(name),
  /** The error of storing where the browser has no storage. */
  failureOfStorage: async (): Promise<string> => {
    Object.defineProperty(globalThis, 'indexedDB', { value: undefined, configurable: true });
    return storeCheckpoint('x', new Uint8Array(1)).then(
      () => '',
      (error: Error) => `${error.name}: ${error.message}`,
    );
  },
  stop: (): void => training!.stop(),
  reports: (): IterationReport[] => reports,
  programs: (): number => programs,
};

export type TrainingPage = typeof page;
Object.assign(globalThis, { trainingPage: page });
