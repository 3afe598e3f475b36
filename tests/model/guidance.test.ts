import { describe, expect, it } from 'vitest';
import { classCondition } from '../../src/conditions/classes.js';
import { guided, requireGuidance } from '../../src/model/guidance.js';
import type { TrainedModel } from '../../src/model/trainedModel.js';
import { expectInputError } from '../rejection.js';

const y = Float32Array.of(1);
/** 3 with the condition, 1 without. */
const generate = (given: Float32Array | undefined) => Promise.resolve(Float32Array.of(given === undefined ? 1 : 3));

describe('guidance', () => {
  it.each([
    [1, 3],
    [0, 1],
    [0.5, 2],
    [2, 5],
  ])('%d between images with and without a condition', async (guidance, expected) => {
    expect(await guided(generate, y, guidance)).toEqual(Float32Array.of(expected));
    expect(await guided(generate, undefined, guidance)).toEqual(Float32Array.of(1));
  });

  it('is refused without effect', async () => {
    const model = { condition: classCondition(2) } as unknown as TrainedModel;
    expect(() => requireGuidance(model, true, 2)).not.toThrow();
    expect(() => requireGuidance({} as TrainedModel, false, 1)).not.toThrow();
    await expectInputError(() => requireGuidance(model, false, 2), 'guidance 2: has no effect without a condition');
    await expectInputError(
      () => requireGuidance({} as TrainedModel, true, 2),
      'requires a model of classes or attributes',
    );
  });
});
