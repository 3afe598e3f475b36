import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { grayscalePng } from '../data/imageFiles.js';
import { sharedTemporaryFolder } from '../temporaryFolder.js';
import { tinyConfiguration } from '../training/tinyTraining.js';
import { makeTinyRun } from '../cli/tinyRun.js';
import { runCommand } from '../cli/runCommand.js';

/**
 * What a terminal would act on: escapes, a C1 control, a line of output that looks like another, text that runs
 * backwards.
 */
const HOSTILE = '\x1b]0;title\x07\x1b[2K\u009b31m\u202e\rwipe\nagenet: trust me';
const cwd = sharedTemporaryFolder();
const [classes, run] = ['photos', `run${HOSTILE}`];

beforeAll(async () => {
  for (const name of ['a', `b${HOSTILE}`]) {
    mkdirSync(join(cwd, classes, name), { recursive: true });
    for (let index = 0; index < 8; index++)
      writeFileSync(join(cwd, classes, name, `${index}${HOSTILE}.png`), await grayscalePng(8 * index));
  }
  writeFileSync(join(cwd, classes, 'a', `broken${HOSTILE}.png`), 'no image');
  await makeTinyRun(join(cwd, run), tinyConfiguration({ data: `folder:${classes}`, initFrom: HOSTILE }));
  copyFileSync(join(cwd, run, 'config.json'), join(cwd, `settings${HOSTILE}.yaml`));
  writeFileSync(join(cwd, `broken${HOSTILE}.yaml`), `"${HOSTILE.replaceAll('\n', '')}": [`);
});

/** Every command that prints names, each with all the names it accepts. Its success does not matter. */
const COMMANDS: Record<string, readonly string[]> = {
  dataset: [classes],
  'dataset --json': [classes, '--json'],
  'info of a run': [run],
  'info of nothing': [HOSTILE],
  encode: [run, '--out', `codes${HOSTILE}.npz`],
  search: [run, '--image', join(classes, 'a', `1${HOSTILE}.png`), '--count', '3', '--out', `found${HOSTILE}.png`],
  'attribute with a class that there is not': [run, '--with', HOSTILE],
  attribute: [run, '--with', `b${HOSTILE}`, '--name', 'safe'],
  probe: [run, '--labels', '2', '--trials', '1', '--methods', 'codes', '--save', 'kept'],
  classify: [run, classes],
  'classify by a probe that there is not': [run, classes, '--probe', HOSTILE],
  compare: [run, run],
  reconstruct: [run, join(classes, `b${HOSTILE}`), '--out', `pairs${HOSTILE}.png`],
  'sample along nothing': [run, '--along', HOSTILE],
  train: [
    classes,
    '--size',
    '32',
    '--channels',
    '1',
    '--batch',
    '4',
    '--width',
    '4',
    '--latent',
    '8',
    '--steps',
    '1',
    '--out',
    `new${HOSTILE}`,
  ],
  'train with settings': [classes, '--config', `settings${HOSTILE}.yaml`],
  'train with broken settings': [classes, '--config', `broken${HOSTILE}.yaml`],
  'train --debug': [classes, '--config', `broken${HOSTILE}.yaml`, '--debug'],
  'an unknown command': [],
};

describe('names of files, classes and runs', () => {
  it.each(Object.entries(COMMANDS))(
    'neither control the terminal nor forge lines of output: %s',
    async (title, args) => {
      const command = title.startsWith('an unknown') ? HOSTILE : title.split(' ')[0]!;
      const { stdout, stderr, status } = await runCommand([command, ...args], cwd);
      const printed = stdout + stderr;
      expect([0, 1, 2]).toContain(status);
      expect(printed).not.toMatch(/[^\P{Cc}\n]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
      // The program begins at most one line so: that of its own error.
      const errors = printed.split('\n').filter((line) => line.startsWith('agenet: '));
      expect(errors.filter((line) => line.startsWith('agenet: trust me'))).toEqual([]);
      expect(errors).toHaveLength(status === 0 || title.includes('--debug') ? 0 : 1);
      if (title.includes('--json')) expect(JSON.parse(stdout)).toMatchObject({ class_names: ['a', `b${HOSTILE}`] });
    },
  );

  it('are stored unchanged in files', () => {
    expect(JSON.parse(readFileSync(join(cwd, run, 'config.json'), 'utf8'))).toMatchObject({ initFrom: HOSTILE });
  });
});
