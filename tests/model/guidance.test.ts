import { describe, expect, it } from 'vitest';
import { classCondition } from '../../src/conditions/classes.js';
import { guided, requireGuidance } from '../../src/model/guidance.js';
import type { Codes, TrainedModel } from '../../src/model/trainedModel.js';
import { expectInputError } from '../rejection.js';

const [z, y] = [Float32Array.of(2), Float32Array.of(1)];
/** 3 with the condition, and without the code that means the same. */
const generate = (codes: Codes) => Promise.resolve(codes.y ? Float32Array.of(3) : codes.z);
const model = {
  condition: classCondition(2),
  withoutCondition: ({ z: code }: Codes) => code.map((value) => value / 2),
} as unknown as TrainedModel;

describe('guidance', () => {
  it.each([
    [1, 3],
    [0, 1],
    [0.5, 2],
    [2, 5],
  ])('%d between images with and without a condition', async (guidance, expected) => {
    expect(await guided(model, generate, { z, y }, guidance)).toEqual(Float32Array.of(expected));
    expect(await guided(model, generate, { z }, guidance)).toEqual(z);
  });

  it('is refused without effect', async () => {
    expect(() => requireGuidance(model, true, 2)).not.toThrow();
    expect(() => requireGuidance({} as TrainedModel, false, 1)).not.toThrow();
    await expectInputError(() => requireGuidance(model, false, 2), 'guidance 2: has no effect without a condition');
    await expectInputError(
      () => requireGuidance({} as TrainedModel, true, 2),
      'requires a model of classes or attributes',
    );
  });
});
