import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { studioCaseOf } from '../../fuzz/studioCases.mjs';
import { StudioSession } from '../../fuzz/studioSession.mjs';
import { temporaryFolder } from '../temporaryFolder.js';

const [SEED, CASES] = [1, 15];

describe('random requests to the studio, and changes beneath it', () => {
  it('depend only on seed and number', () => {
    expect(studioCaseOf(SEED, 3)).toEqual(studioCaseOf(SEED, 3));
    expect(studioCaseOf(SEED + 1, 3)).not.toEqual(studioCaseOf(SEED, 3));
  });

  it('cause no defect, no access outside the folder, and no loss of what was acknowledged', async () => {
    const folder = temporaryFolder();
    const broken: string[] = [];
    for (let number = 0; number < CASES; number++) {
      const root = join(folder, String(number));
      mkdirSync(root);
      const found = await new StudioSession(root).run(studioCaseOf(SEED, number).steps);
      broken.push(...found.map((rule) => `case ${number}: ${rule}`));
    }
    expect(broken).toEqual([]);
  });
});
