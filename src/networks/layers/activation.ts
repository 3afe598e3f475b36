import * as engine from '../../engine/index.js';
import { type Layer, pointwise } from '../layer.js';

/** max(x, 0). */
export const relu = (): Layer => ({ ...pointwise(engine.relu, 1), isActivation: true });

/** x if x > 0, otherwise slope x. */
export const leakyRelu = (slope: number): Layer => ({
  ...pointwise((x) => engine.leakyRelu(x, slope), 1),
  isActivation: true,
});

/** The hyperbolic tangent, which maps to (-1, 1). */
export const tanh = (): Layer => ({ ...pointwise(engine.tanh, 1), isActivation: true });
