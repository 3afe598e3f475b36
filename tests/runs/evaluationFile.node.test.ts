import { readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, describe } from 'vitest';
import { InputError } from '../../src/errors.js';
import {
  evaluatedWeights,
  readEvaluationOf,
  readLatestEvaluation,
  removingLaterEvaluations,
  writeEvaluation,
} from '../../src/runs/evaluationFile.node.js';
import { OwnFolder } from '../../src/runs/ownFolder.node.js';
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

const training = { emit: () => Promise.resolve() };

/** A folder with evaluations of some iterations. */
async function evaluated(...steps: number[]): Promise<OwnFolder> {
  const folder = await OwnFolder.at(temporaryFolder());
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
    await removingLaterEvaluations(folder)({ type: 'iteration' } as TrainingEvent, training);
    expect(await readLatestEvaluation(folder.path)).toMatchObject({ step: 24 });
    await removingLaterEvaluations(folder)(start, training);
    expect(readdirSync(folder.path).sort()).toEqual(['evaluation-000008.json', 'nearest-000008.png']);
    expect(await readLatestEvaluation(folder.path)).toMatchObject({ step: 8 });
  });

  it('are kept if another process has taken the run over', async () => {
    const folder = await evaluated(16);
    const taken = folder.heldBy(() => Promise.reject(new InputError(folder.path, 'taken')));
    await expectInputError(
      async () => removingLaterEvaluations(taken)({ type: 'start', step: 8 } as TrainingEvent, training),
      'taken',
    );
    expect(readdirSync(folder.path)).toHaveLength(2);
  });

  it('are never links', async () => {
    const folder = await evaluated(8);
    const elsewhere = join((await evaluated(9)).path, 'evaluation-000009.json');
    for (const target of [elsewhere, join(folder.path, 'evaluation-000008.json')]) {
      const link = join(folder.path, 'evaluation-000010.json');
      symlinkSync(target, link);
      await expectInputError(() => readLatestEvaluation(folder.path), 'evaluation-000010.json: corrupt evaluation');
      rmSync(link);
    }
    expect(await readLatestEvaluation(folder.path)).toMatchObject({ step: 8 });
  });
});
