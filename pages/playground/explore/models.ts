/** Models to explore: exported, in a checkpoint, or trained in this page. */
import { type ModelInfo, type Networks, loadNetworks } from '../../components/networks.js';
import { infoOf, networksOf } from '../../components/workerNetworks.js';
import type { PageModel } from '../../../src/export/pageModel.js';
import { isRuntimeMissing, missingRuntime } from '../../../src/engine/runtime/web.js';
import { InputError } from '../../../src/errors.js';
import { WorkerModel } from '../../../src/web/workerModel.js';
import type { ModelSource } from '../../../src/web/modelWorker.js';
import { loadAsset } from '../assets.js';
import { RUNTIME_FILES } from '../runtime.js';
import { openWorker } from '../workers.js';

export type ExploredModel = { name: string; source: ModelSource } | { exported: PageModel };

/** A model that is ready for use. */
export interface LoadedModel {
  info: ModelInfo;
  networks: Networks;
  release: () => void;
}

export async function loadModel(model: ExploredModel): Promise<LoadedModel> {
  if ('exported' in model) {
    const { networks: _, ...info } = model.exported;
    const networks = await loadNetworks(model.exported, { wasmPaths: RUNTIME_FILES.wasm }).catch((error: unknown) => {
      if (isRuntimeMissing(error)) throw missingRuntime(error);
      throw new InputError(info.name, 'the exported networks are damaged', 'export the model again', { cause: error });
    });
    return { info, networks, release: networks.release };
  }
  const worker = openWorker('model');
  try {
    const loaded = await WorkerModel.load(worker, model.source);
    return {
      info: infoOf(loaded.configuration, model.name),
      networks: networksOf(loaded),
      release: () => loaded.stop(),
    };
  } catch (error) {
    worker.terminate();
    throw error;
  }
}

/**
 * Reads a checkpoint of a run folder, or `model.js` of an exported page.
 * @throws {InputError} if it is neither
 */
export async function readModelFile(file: File): Promise<ExploredModel> {
  if (file.name.endsWith('.safetensors'))
    return { name: file.name, source: { checkpoint: new Uint8Array(await file.arrayBuffer()) } };
  const text = await file.text();
  const json = /^globalThis\.agenetModel = (\{.*\});\s*$/su.exec(text)?.[1];
  if (json === undefined)
    throw new InputError(file.name, 'expected a checkpoint (.safetensors), or model.js of an exported page');
  try {
    const exported = JSON.parse(json) as Partial<PageModel>;
    if (exported.networks && exported.shape && exported.latent && exported.prior && exported.preprocessing)
      return { exported: exported as PageModel };
  } catch {
    // Reported below.
  }
  throw new InputError(file.name, 'damaged', 'export the model again');
}

/** Loads the model of this site. */
export async function bundledModel(): Promise<ExploredModel> {
  return { exported: (await (await loadAsset('digits-model.json')).json()) as PageModel };
}
