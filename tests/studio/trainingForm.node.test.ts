import { describe, expect, it } from 'vitest';
import { errorsOf, type InputError } from '../../src/errors.js';
import type { FieldValues } from '../../src/studio/schemas.js';
import { checkFields, optionsOf, problemOf, shellCommand, trainingForm } from '../../src/studio/trainingForm.node.js';
import { runCommand } from '../cli/runCommand.js';
import { errorOf } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';

const form = await trainingForm();
const fields = form.groups.flatMap((group) => group.fields);
const fieldNamed = (name: string) => fields.find((field) => field.name === name);

describe('the form of a run', () => {
  it('has the options of `train`, once each, but those of the terminal, of the studio itself and of files', async () => {
    const { stdout } = await runCommand(['train', '--help'], temporaryFolder());
    const flags = [...new Set(Array.from(stdout.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gmu), ([, flag]) => flag!))];
    const omitted = ['out', 'resume', 'config', 'init-from', 'dry-run', 'show', 'json', 'debug', 'help'];
    expect(fields.map(({ flag }) => flag).sort()).toEqual(
      flags.filter((flag) => !omitted.includes(flag.slice(2)) && !flag.startsWith('--features')).sort(),
    );
  });

  it('has labels, ranges, choices and defaults', () => {
    expect(fieldNamed('width')).toMatchObject({ kind: 'integer', title: 'Width', default: '16' });
    expect(fieldNamed('learningRate')).toMatchObject({ range: 'a number above 0 and at most 1', default: '0.0015' });
    expect(fieldNamed('prior')).toMatchObject({ kind: 'choice', choices: ['sphere', 'normal'], default: 'sphere' });
    expect(fieldNamed('flip')).toMatchObject({ kind: 'switch' });
    expect(fieldNamed('noLowering')).toMatchObject({ kind: 'switch', flag: '--no-lowering' });
    expect(fieldNamed('augment')).toMatchObject({ kind: 'list', default: expect.stringContaining('200') as string });
    expect(fieldNamed('condition')).toMatchObject({ kind: 'choice', arguments: { small: 'side in pixels' } });
    for (const { name, kind, default: standard } of fields)
      if (kind !== 'switch' && name !== 'preset') expect(`${name} ${standard}`).not.toMatch(/undefined/u);
    expect(fieldNamed('preset')!.choices).toEqual(form.presets.map(({ name }) => name));
    for (const { description, title } of fields) expect(`${title} ${description}`).not.toMatch(/--|alias/u);
  });

  it('describes each preset', () => {
    expect(form.presets.map(({ name }) => name)).toContain('published');
    for (const { description } of form.presets) expect(description).toMatch(/\.$/u);
  });
});

describe('a check of fields', () => {
  it('accepts what `train` accepts', async () => {
    await checkFields('mnist', {});
    const augment = 'color,cutout';
    await checkFields('mnist', { preset: 'published', width: '8', flip: true, augment, noLowering: true, epochs: '2' });
  });

  it.each(fieldNamed('condition')!.choices!)('accepts the condition %s', (choice) =>
    checkFields('cifar10:anywhere', { condition: choice === 'small' ? 'small:8' : choice }),
  );

  const WRONG: FieldValues[] = [
    { width: '0' },
    { width: 'wide' },
    { learningRate: '2' },
    { prior: 'cube' },
    { epochs: '2', steps: '5' },
    { encoderUpdates: '1;KL:1' },
    { preset: 'publishd' },
    { saveBest: 'fid' },
    { size: '48' },
    { evaluateSamples: '100' },
    { evaluateEvery: '1', evaluateMetrics: 'nope' },
    { evaluateEvery: '1', saveBest: 'nope' },
  ];
  it.each(WRONG)('rejects %j as the command line does', async (values) => {
    const error = (await errorOf(() => checkFields('mnist', values))) as InputError;
    const args = ['train', 'mnist', ...optionsOf(values), '--json'];
    const { stdout, status } = await runCommand(args, temporaryFolder());
    expect(status).toBe(2);
    expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toMatchObject({ error: { ...error.data } });
  });

  it('finds the problems of all fields, in words of the form', async () => {
    const values = { width: '0', latent: 'many', learningRate: '2', emaStart: '5', ema: '0' };
    const error = (await errorOf(() => checkFields('mnist', values))) as InputError;
    expect(errorsOf(error)).toHaveLength(4);
    const { message, fields: problems } = problemOf(error);
    expect(message).toBe('Width: must be a whole number from 1 to 1024, not 0');
    expect(Object.keys(problems)).toEqual(['width', 'latent', 'learningRate', 'emaStart']);
    const later = (await errorOf(() =>
      checkFields('mnist', { emaStart: '5', ema: '0', halveEvery: '2' }),
    )) as InputError;
    expect(problemOf(later).fields).toEqual({
      halveEvery: 'requires the schedule halving, not cosine; set Schedule to halving',
      emaStart: 'has no effect without an EMA; set EMA decay',
    });
  });

  it('finds the problems of settings that are wrong in different ways, without those that follow from others', async () => {
    const values = { width: '-3', steps: 'abc', preset: 'publishd', evaluateSamples: '100', evaluateEvery: 'often' };
    const error = (await errorOf(() => checkFields('mnist', values))) as InputError;
    expect(Object.keys(problemOf(error).fields)).toEqual(['width', 'steps', 'evaluateEvery', 'preset']);
  });

  it('rejects options of a process and unknown ones', async () => {
    const error = (await errorOf(() => checkFields('mnist', { threads: '0', out: '/etc' }))) as InputError;
    expect(problemOf(error).fields).toEqual({
      threads: 'must be a whole number from 1 to 1024, not 0',
      name: 'no such setting',
    });
  });

  it('rejects files that a page names', async () => {
    const error = (await errorOf(() => checkFields('mnist', { condition: 'attributes:/etc/passwd' }))) as InputError;
    expect(problemOf(error).fields).toEqual({
      condition: 'a table of attributes can be named on the command line only',
    });
    const model = checkFields('mnist', { matchX: 'features', features: '/etc/passwd' });
    expect(problemOf((await errorOf(() => model)) as InputError).fields).toEqual({ features: 'no such setting' });
  });
});

describe('the options of a run', () => {
  it('are in the order of the form, without defaults', () => {
    expect(optionsOf({ flip: true, learningRate: 0.001, encoderUpdates: '' })).toEqual([
      '--flip',
      '--learning-rate=0.001',
    ]);
    expect(optionsOf({ flip: false })).toEqual([]);
  });

  it('are one argument each, so that no value is taken for an option', () => {
    expect(optionsOf({ encoderUpdates: '--out=/etc' })).toEqual(['--encoder-updates=--out=/etc']);
  });
});

describe('a command to copy', () => {
  it('is quoted as a shell needs it', () => {
    const args = ['train', 'my photos', '--encoder-updates=1;KL_fake:1', '--learning-rate=-1', "--name=it's"];
    expect(shellCommand(args)).toBe(
      `npx agenet train 'my photos' --encoder-updates '1;KL_fake:1' --learning-rate=-1 --name 'it'\\''s'`,
    );
  });
});
