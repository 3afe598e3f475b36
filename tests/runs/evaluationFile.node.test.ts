import { readdirSync } from 'node:fs';
import { expect, it, describe } from 'vitest';
import { InputError } from '../../src/errors.js';
import {
  evaluatedWeights,
  readEvaluationOf,
  readLatestEvaluation,
  removingLaterEvaluations,
  writeEvaluation,
} from '../../src/runs/evaluationFile.node.js';
import type { TrainingEvent } from '../../src/training/events.js';
import { tinyModel } from '../metrics/tinyClassifier.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';

const { model, weights } = tinyModel();
const other = model.withWeights({
  ...weights,
  'generator.parameters': weights['generator.parameters'].map((value) => value + 1),
});
const grids = { nearest: { images: { shape: [1, 1, 1] as const, count: 1, data: new Uint8Array(1) }, columns: 1 } };

/** A folder with evaluations of some iterations. */
async function evaluated(...steps: number[]): Promise<string> {
  const folder = temporaryFolder();
  for (const step of steps)
    await writeEvaluation(
      folder,
      evaluatedWeights(model, step, true),
      { step, metrics: { fid: step }, protocol: {} },
      grids,
    );
  return folder;
}

describe('evaluations in a run folder', () => {
  it('belong to the weights that were evaluated', async () => {
    const folder = await evaluated(8);
    expect(await readEvaluationOf(folder, evaluatedWeights(model, 8, true))).toMatchObject({ metrics: { fid: 8 } });
    expect(await readEvaluationOf(folder, evaluatedWeights(other, 8, true))).toBeUndefined();
    expect(await readEvaluationOf(folder, evaluatedWeights(model, 9, true))).toBeUndefined();
  });

  it('are removed when the run is resumed from an earlier iteration', async () => {
    const folder = await evaluated(8, 16, 24);
    const start = { type: 'start', step: 8 } as TrainingEvent;
    const training = { emit: () => Promise.resolve(), confirm: () => Promise.resolve() };
    await removingLaterEvaluations(folder)({ type: 'iteration' } as TrainingEvent, training);
    expect(await readLatestEvaluation(folder)).toMatchObject({ step: 24 });
    await removingLaterEvaluations(folder)(start, training);
    expect(readdirSync(folder).sort()).toEqual(['evaluation-000008.json', 'nearest-000008.png']);
    expect(await readLatestEvaluation(folder)).toMatchObject({ step: 8 });
  });

  it('are kept if another process has taken the run over', async () => {
    const folder = await evaluated(16);
    const training = { emit: () => Promise.resolve(), confirm: () => Promise.reject(new InputError(folder, 'taken')) };
    await expectInputError(
      async () => removingLaterEvaluations(folder)({ type: 'start', step: 8 } as TrainingEvent, training),
      'taken',
    );
    expect(readdirSync(folder)).toHaveLength(2);
  });
});
