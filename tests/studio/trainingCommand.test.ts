import { describe, expect, it } from 'vitest';
import { fieldOf, optionsOf, shellCommand } from '../../src/studio/trainingCommand.js';
import { withoutPaths } from '../../src/studio/shownErrors.node.js';
import { expectInputError } from '../rejection.js';

const form = {
  groups: [
    {
      title: 'Training',
      fields: [
        { name: 'learningRate', flag: '--learning-rate', description: '', kind: 'number' as const },
        { name: 'flip', flag: '--flip', description: '', kind: 'switch' as const },
        { name: 'encoderUpdates', flag: '--encoder-updates', description: '', kind: 'text' as const },
      ],
    },
  ],
  presets: [],
};

describe('the options of a training', () => {
  it('are in the order of the form, without defaults', () => {
    const values = { flip: true, learningRate: 0.001, encoderUpdates: '' };
    expect(optionsOf(form, values)).toEqual(['--learning-rate=0.001', '--flip']);
    expect(optionsOf(form, { flip: false })).toEqual([]);
  });

  it('are one argument each, so that no value is taken for an option', () => {
    expect(optionsOf(form, { encoderUpdates: '--out=/etc' })).toEqual(['--encoder-updates=--out=/etc']);
  });

  it('are those of the form only', async () => {
    await expectInputError(() => optionsOf(form, { out: '/etc' }), 'out: no such option');
    await expectInputError(() => optionsOf(form, { learningRate: true }), '--learning-rate: expected a value');
  });

  it('are found in messages', () => {
    expect(fieldOf('--learning-rate: must be above 0, not -1', form)).toBe('learningRate');
    expect(fieldOf("option '--encoder-updates <plan>' argument missing", form)).toBe('encoderUpdates');
    expect(fieldOf('no such folder', form)).toBeUndefined();
  });
});

describe('a command to copy', () => {
  it('is quoted where a shell needs it', () => {
    const args = ['train', 'my photos', '--encoder-updates=1;KL_fake:1', '--learning-rate=-1', "--name=it's"];
    expect(shellCommand(args)).toBe(
      `npx agenet train 'my photos' --encoder-updates '1;KL_fake:1' --learning-rate=-1 --name 'it'\\''s'`,
    );
  });
});

describe('a message for a page', () => {
  it('has no paths beyond the folder', () => {
    const message = '/home/ada/runs/mnist-1/config.json: not readable; see /home/ada/secret/plan.txt, or /etc/passwd';
    expect(withoutPaths(message, '/home/ada/runs')).toBe('mnist-1/config.json: not readable; see plan.txt, or passwd');
    expect(withoutPaths('--width: must be from 1 to 1024; 3/4 is not', '/runs')).toBe(
      '--width: must be from 1 to 1024; 3/4 is not',
    );
  });
});
