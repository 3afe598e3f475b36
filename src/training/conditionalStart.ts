/** The start of a conditional model from the weights of a model without a condition. */
import { flattenTensors, type Shape, sizeOf, tensorViews } from '../engine/index.js';
import { initialParameters, mapWeights, type ModelWeights } from '../networks/network.js';
import { type Configuration, iterationSpec } from './configuration.js';
import { stateFromWeights, type TrainerState } from './trainer.js';

/**
 * Returns a state whose networks compute what the earlier ones do while the condition is unknown: inputs that only the
 * conditional networks have get the weight 0. Their other layers are new.
 * @param weights of a model without a condition
 * @param earlier its configuration
 * @param configuration the same with a condition
 */
export function conditionalState(
  weights: ModelWeights,
  earlier: Configuration,
  configuration: Configuration,
): TrainerState {
  const [from, to] = [iterationSpec(earlier).pair, iterationSpec(configuration).pair];
  const adopted = mapWeights((network, part) => {
    const vector = weights[`${network}.${part}`];
    if (part === 'statistics') return vector;
    const [known, wanted] = [from[network].parameters, to[network].parameters];
    const old = tensorViews(vector, known);
    const tensors = tensorViews(initialParameters(to[network], configuration.seed), wanted);
    for (const [name, { shape }] of known.entries)
      tensors[name] = widened(old[name]!, shape, wanted.entries.get(name)!.shape);
    return flattenTensors(tensors, wanted);
  });
  return stateFromWeights(adopted, configuration);
}

/** Puts a tensor at the start of each axis of a larger one of zeros. */
function widened(tensor: Float32Array, from: Shape, to: Shape): Float32Array {
  const data = new Float32Array(sizeOf(to));
  for (const [index, value] of tensor.entries()) {
    let [rest, stride, at] = [index, 1, 0];
    for (let axis = from.length - 1; axis >= 0; axis--) {
      at += (rest % from[axis]!) * stride;
      rest = Math.floor(rest / from[axis]!);
      stride *= to[axis]!;
    }
    data[at] = value;
  }
  return data;
}
