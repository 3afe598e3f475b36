import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OwnFolder } from '../../src/runs/ownFolder.node.js';
import { readSummary } from '../../src/studio/runRecord.node.js';
import { temporaryFolder } from '../temporaryFolder.js';

describe('the summary of a run', () => {
  const spread = { 'encoder.code_variance_real': 0.9, 'encoder.code_variance_fake': 0.8 };

  it.each([
    ['of samples', { step: 700, ...spread, 'encoder.code_variance_fake': 0.1 }, 'the codes of samples have collapsed'],
    ['of images', { step: 700, ...spread, 'encoder.code_variance_real': 0.1 }, 'the codes of images have collapsed'],
    ['but not of fresh networks', { step: 100, ...spread, 'encoder.code_variance_fake': 0.1 }, null],
    ['but not of codes that are spread', { step: 700, ...spread }, null],
    ['but not without figures', { step: 700 }, null],
  ])('warns of a collapse %s', async (_, entry, warning) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'log.jsonl'), `${JSON.stringify(entry)}\n`);
    expect((await readSummary(await OwnFolder.at(folder), 'run')).warning).toBe(warning);
  });

  it('has means of the last 50 logged iterations, and the speed of the last', async () => {
    const folder = temporaryFolder();
    const entries = Array.from({ length: 60 }, (_, index) => ({
      step: index + 1,
      'encoder.match_x': index < 10 ? 9 : index,
      iterations_per_second: index,
    }));
    writeFileSync(join(folder, 'log.jsonl'), entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    const { metrics } = await readSummary(await OwnFolder.at(folder), 'run');
    // Of 10 to 59.
    expect(metrics).toEqual({ match_x: 34.5, iterations_per_second: 59 });
  });
});
