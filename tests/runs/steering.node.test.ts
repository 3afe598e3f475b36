import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { followSteering, requestSteering } from '../../src/runs/steering.node.js';
import { createRun, tinyConfiguration } from '../training/tinyTraining.js';
import { temporaryFolder } from '../temporaryFolder.js';

describe('requests to a training', () => {
  it('pause it from an iteration on, stop it, and are withdrawn', async () => {
    const run = temporaryFolder();
    const directionAt = (step: number) => followSteering(run)(step);
    expect(directionAt(5)).toBe('train');
    await requestSteering(run, { pauseAt: 6 });
    expect([5, 6, 7].map(directionAt)).toEqual(['train', 'pause', 'pause']);
    await requestSteering(run, { stop: true });
    expect(directionAt(0)).toBe('stop');
    await requestSteering(run, undefined);
    expect(directionAt(9)).toBe('train');
    await requestSteering(run, undefined);
  });

  it.each(['', '{', 'null', '[]', '{"pauseAt":"soon"}', '{"stop":1}', '"stop"'])(
    'ignore a file that contains %j',
    (text) => {
      const run = temporaryFolder();
      writeFileSync(join(run, 'steering.json'), text);
      expect(followSteering(run)(3)).toBe('train');
    },
  );

  it('ignore a folder of that name', () => {
    const run = temporaryFolder();
    mkdirSync(join(run, 'steering.json'));
    expect(followSteering(run)(3)).toBe('train');
  });

  it('end with the training that they were for', async () => {
    const folder = await createRun(join(temporaryFolder(), 'run'), tinyConfiguration());
    await requestSteering(folder.path, { stop: true });
    await (await folder.lock()).release();
    expect(existsSync(join(folder.path, 'steering.json'))).toBe(false);
  });
});
