import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Terminal } from '../../src/cli/terminal.js';
import { showProgress } from '../../src/cli/trainingProgress.js';
import type { TrainingEvent } from '../../src/training/events.js';
import { tinyConfiguration } from '../training/tinyTraining.js';

const scalars = {
  ...{ 'encoder.KL_real': -9, 'encoder.KL_real_gap': 0.0131, 'encoder.KL_fake_gap': 0.02, 'encoder.match_x': 0.0522 },
  ...{ 'generator.KL_fake_gap': 0.03, 'generator.match_x': 0.06, 'generator.match_z': 0.7 },
};
const PREVIEW = 'runs/photos-1/samples/000010.png';
const EVENTS: readonly TrainingEvent[] = [
  {
    type: 'start',
    run: 'runs/photos-1',
    configuration: tinyConfiguration(),
    images: { train: 48, test: 5 },
    step: 0,
    totalSteps: 2000,
    batchesPerEpoch: 3,
    parameters: { encoder: 1000, generator: 1000 },
  },
  { type: 'previews', step: 10, samples: PREVIEW, reconstructions: 'runs/photos-1/reconstructions/000010.png' },
  { type: 'iteration', report: { step: 840, epoch: 279, learningRate: 1e-3, scalars } },
];

/** What is written about `EVENTS`, with 50 ms per iteration. */
function written(columns: number, { isTTY = true, depth = 1 } = {}): string {
  const texts: string[] = [];
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 50));
  onTestFinished(() => void clock.mockRestore());
  const stream = { isTTY, columns, getColorDepth: () => depth, write: (text: string) => texts.push(text) };
  const show = showProgress(new Terminal(false, stream, stream), () => [{ text: 'decoded 40%', rank: 6 }]);
  EVENTS.forEach(show);
  return texts.join('');
}

/** The last status line. */
const lineAt = (columns: number, options = {}): string => written(columns, options).split('\x1b[2K').at(-1)!;

describe('the progress of training on a terminal', () => {
  it.each([
    [
      140,
      `[====      ]  42%  840/2000  20.0 it/s  58s left  reconstruction 0.052  code gap 0.013  ${PREVIEW}  decoded 40%`,
    ],
    [120, '[====      ]  42%  840/2000  20.0 it/s  58s left  reconstruction 0.052  code gap 0.013  decoded 40%'],
    [80, '[====      ]  42%  20.0 it/s  58s left  reconstruction 0.052  code gap 0.013'],
    [60, '42%  58s left  reconstruction 0.052  code gap 0.013'],
    [40, '42%  58s left  reconstruction 0.052'],
    [20, '42%  58s left'],
  ])('drops whole parts of its line at %i columns', (columns, line) => {
    expect(lineAt(columns)).toBe(line);
    expect(line.length).toBeLessThan(columns);
  });

  it('names the first preview in a line of its own', () => {
    expect(written(40)).toContain(`iteration 10: wrote ${PREVIEW}\n`);
  });

  it('is in color only if the terminal has colors', () => {
    expect(lineAt(140, { depth: 8 })).toContain('\x1b[32m[====      ]\x1b[39m');
    expect(lineAt(140, { depth: 1 })).not.toContain('\x1b');
  });
});

describe('the progress of training in a log', () => {
  it('has a line with all loss terms and the epoch of the log, whatever its width', () => {
    expect(written(20, { isTTY: false, depth: 8 }).split('\n').at(-2)).toBe(
      '840/2000  epoch 279  20.0 it/s  ETA 58s  encoder: KL_fake 0.0200  KL_real 0.0131  match_x 0.0522  generator: KL_fake 0.0300  match_x 0.0600  match_z 0.700  decoded 40%',
    );
  });
});
