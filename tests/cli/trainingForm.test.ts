import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { trainingCommand } from '../../src/cli/trainingForm.js';
import type { FormField } from '../../src/studio/schemas.js';
import { optionsOf, type TrainingCommand } from '../../src/studio/trainingCommand.js';
import { errorOf, expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { runCommand } from './runCommand.js';
import { makeTinyRun } from './tinyRun.js';

let command: TrainingCommand;
let fields: readonly FormField[];
beforeAll(async () => {
  command = await trainingCommand();
  fields = command.form.groups.flatMap((group) => group.fields);
});

const fieldNamed = (name: string) => fields.find((field) => field.name === name);

describe('the form of a training', () => {
  it('has the options of `train`, once each, but those of the terminal and of the studio itself', async () => {
    const { stdout } = await runCommand(['train', '--help'], temporaryFolder());
    const flags = [...new Set(Array.from(stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gmu), ([, flag]) => flag!))];
    const omitted = [
      '--out',
      '--resume',
      '--config',
      '--init-from',
      '--dry-run',
      '--show',
      '--json',
      '--debug',
      '--help',
    ];
    expect(fields.map(({ flag }) => flag).sort()).toEqual(flags.filter((flag) => !omitted.includes(flag)).sort());
  });

  it('has their kinds, ranges and choices', () => {
    expect(fieldNamed('width')).toMatchObject({ kind: 'integer', min: 1, max: 1024 });
    expect(fieldNamed('learningRate')).toMatchObject({ kind: 'number', max: 1 });
    expect(fieldNamed('prior')).toMatchObject({ kind: 'choice', choices: ['sphere', 'normal'] });
    expect(fieldNamed('flip')).toMatchObject({ kind: 'switch' });
    expect(fieldNamed('noLowering')).toMatchObject({ kind: 'switch', flag: '--no-lowering' });
    expect(fieldNamed('augment')).toMatchObject({ kind: 'list' });
    expect(fieldNamed('preset')!.choices).toEqual(command.form.presets.map(({ name }) => name));
    expect(fields.every(({ description }) => description !== '' && !description.includes('alias'))).toBe(true);
  });

  it('describes each preset', () => {
    expect(command.form.presets.map(({ name }) => name)).toContain('published');
    for (const { description } of command.form.presets) expect(description).toMatch(/\.$/u);
  });
});

describe('a check of options', () => {
  const check = (values: Readonly<Record<string, string | number | boolean>>) =>
    command.check(['train', 'mnist', '--out', 'x', ...optionsOf(command.form, values)]);

  it('accepts what `train` accepts', async () => {
    await check({});
    await check({
      preset: 'published',
      width: '8',
      flip: true,
      augment: 'color,cutout',
      noLowering: true,
      epochs: '2',
    });
  });

  it.each([
    [{ width: '0' }],
    [{ width: 'wide' }],
    [{ learningRate: '2' }],
    [{ prior: 'cube' }],
    [{ epochs: '2', steps: '5' }],
    [{ encoderUpdates: '1;KL:1' }],
    [{ preset: 'publishd' }],
    [{ saveBest: 'fid' }],
    [{ size: '48' }],
    [{ evaluateSamples: '100' }],
    [{ evaluateEvery: '1', evaluateMetrics: 'nope' }],
    [{ evaluateEvery: '1', saveBest: 'nope' }],
  ])('rejects %j with the same message', async (values) => {
    const { message } = (await errorOf(() => check(values))) as Error;
    const { stderr, status } = await runCommand(
      ['train', 'mnist', ...optionsOf(command.form, values)],
      temporaryFolder(),
    );
    expect(status).toBe(2);
    expect(stderr.trim()).toBe(`agenet: ${message}`);
  });

  it('of a run that is resumed rejects what may not change', async () => {
    const run = join(temporaryFolder(), 'run');
    await makeTinyRun(run);
    await command.check(['train', '--resume', run, '--steps=9']);
    await expectInputError(() => command.check(['train', '--resume', run, '--width=8']), '--width: the run in');
    await expectInputError(() => command.check(['train', '--resume', join(run, 'none')]), 'run folder not found');
  });
});
