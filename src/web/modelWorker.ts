import type { CodeDensity } from '../density/codeDensity.js';
import type { Compile } from '../engine/index.js';
import { compile } from '../engine/runtime/web.js';
import { InputError } from '../errors.js';
import { type Codes, type CodesAtDistance, type ImageBytes, TrainedModel } from '../model/trainedModel.js';
import type { ModelWeights } from '../networks/network.js';
import { decodeCheckpoint } from '../training/checkpoint.js';
import { type Configuration, iterationSpec } from '../training/configuration.js';
import { modelWeights } from '../training/trainer.js';
import { digest } from './checkpoints.js';
import { oneAtATime } from '../turns.js';
import { answerRequests, type WorkerScope } from './requests.js';

/** The bytes of a checkpoint, or weights and their configuration. */
export type ModelSource = { checkpoint: Uint8Array } | { configuration: Configuration; weights: ModelWeights };

export type ModelRequest =
  | { type: 'load'; source: ModelSource }
  | { type: 'replace'; weights: ModelWeights }
  | { type: 'generate'; inputs: Codes }
  | { type: 'decode'; inputs: CodesAtDistance }
  | { type: 'encode'; inputs: ImageBytes };

/** The configuration and the density answer `load`, values the networks. */
export interface ModelAnswer {
  configuration?: Configuration;
  density?: CodeDensity;
  values?: Float32Array;
}

/**
 * Answers the requests of `WorkerModel`. Call it once, in a module worker.
 * @example
 * serveModel(self);
 */
export function serveModel(scope: WorkerScope) {
  let model: TrainedModel | undefined;
  const inTurn = oneAtATime();
  const answer = async (request: ModelRequest): Promise<ModelAnswer> => {
    if (request.type === 'load') {
      await model?.release();
      model = undefined;
      const { configuration, model: loaded } = await load(request.source);
      model = loaded;
      const { density } = loaded;
      return { configuration, ...(density && { density }) };
    }
    if (model === undefined) throw new InputError('model', 'not loaded', 'send load first');
    if (request.type === 'replace') model = model.withWeights(request.weights);
    if (request.type === 'generate') return { values: await model.generate(request.inputs) };
    if (request.type === 'decode') return { values: await model.decode(request.inputs) };
    if (request.type === 'encode') return { values: await model.encode(request.inputs) };
    return {};
  };
  answerRequests<ModelRequest, ModelAnswer>(
    scope,
    (request) => inTurn(() => answer(request)),
    ({ values }) => (values ? [values.buffer] : []),
  );
}

async function load(source: ModelSource) {
  const { configuration, weights, density } =
    'checkpoint' in source ? await decode(source.checkpoint) : { density: undefined, ...source };
  const { pair } = iterationSpec(configuration);
  // Single images are fastest without the lowering for batches.
  const compilePlain: Compile = (graph) => compile(graph, { target: { name: 'plain' } });
  const model = TrainedModel.of(pair, configuration.prior, weights, compilePlain, 1).withDensity(density);
  return { configuration, model };
}

async function decode(checkpoint: Uint8Array) {
  const { configuration, vectors, density } = await decodeCheckpoint(checkpoint, 'the checkpoint', digest);
  return { configuration, weights: modelWeights(vectors), density };
}
