/** The explored model, in workers. */
import type { ExplorableModel } from '../../components/explore/panel.js';
import { infoOf, networksOf } from '../../components/workerNetworks.js';
import { decodeSafetensors } from '../../../src/engine/safetensors.js';
import { unlabeled } from '../../../src/data/source.js';
import { conditionsOfImages } from '../../../src/model/imageConditions.js';
import { WorkerModel } from '../../../src/web/workerModel.js';
import { openWorker } from '../workers.js';

export interface ExploredModel extends ExplorableModel {
  step: number;
  /** Whether the visitor waits for images, or received one just now. */
  isGenerating: () => boolean;
  /** Encodes bytes [N, C, H, W] to codes [N, M], with the conditions that the model predicts. */
  encode: (images: Uint8Array) => Promise<{ codes: Float32Array; conditions: Float32Array | undefined }>;
  release: () => void;
}

/** Milliseconds after a request of an image in which another is likely. */
const GENERATING_MS = 100;

/**
 * Loads a model.
 * @param checkpoint bytes of a `.safetensors` file of a run
 * @throws {InputError} if it is damaged or of another version
 */
export async function loadExploredModel(name: string, checkpoint: Uint8Array): Promise<ExploredModel> {
  // One worker generates images without delay while the other compiles the encoder, which takes a second, and encodes
  // the data.
  const workers = [openWorker('model'), openWorker('model')] as const;
  try {
    const [generator, encoder] = await Promise.all([
      WorkerModel.load(workers[0], { checkpoint }),
      WorkerModel.load(workers[1], { checkpoint }),
    ]);
    const { generate } = networksOf(generator);
    let latest = -Infinity;
    const { metadata } = decodeSafetensors(checkpoint, name, () => true);
    return {
      info: infoOf(generator.configuration, name),
      step: Number(metadata.step),
      networks: {
        generate: (code) => {
          latest = performance.now();
          return generate(code);
        },
        encode: networksOf(encoder).encode,
        source: generator,
      },
      isGenerating: () => performance.now() - latest < GENERATING_MS,
      encode: async (images) => {
        const { channels, size } = encoder.configuration;
        const count = images.length / (channels * size * size);
        const conditions = await conditionsOfImages(encoder, { x: images, ...unlabeled(count) });
        return { codes: await encoder.encode({ x: images, y: conditions }), conditions };
      },
      release: () => {
        generator.stop();
        encoder.stop();
      },
    };
  } catch (error) {
    for (const worker of workers) worker.terminate();
    throw error;
  }
}
