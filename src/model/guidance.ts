import { InputError, setting, text } from '../errors.js';
import type { Codes, TrainedModel } from './trainedModel.js';

/**
 * Generates images with a condition, moved away from those without it: 1 is the condition as it is, 0 none, and more than
 * 1 exaggerates it.
 */
export async function guided(
  model: TrainedModel,
  generate: (codes: Codes) => Promise<Float32Array>,
  codes: Codes,
  guidance = 1,
): Promise<Float32Array> {
  if (codes.y === undefined || guidance === 1) return generate(codes);
  const [conditioned, free] = [await generate(codes), await generate({ z: model.withoutCondition(codes) })];
  return conditioned.map((value, index) => free[index]! + guidance * (value - free[index]!));
}

/** @throws {InputError} if guidance has no effect, or the model has nothing without its condition */
export function requireGuidance({ condition }: TrainedModel, isConditioned: boolean, guidance: number | undefined) {
  if (guidance === undefined || guidance === 1) return;
  const about = text`${setting('guidance')} ${guidance}`;
  if (condition?.shape.length !== 1) throw new InputError(about, 'requires a model of classes or attributes');
  if (!isConditioned)
    throw new InputError(
      about,
      'has no effect without a condition',
      text`set ${setting('class')} or ${setting('where')}`,
    );
}
