import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { graphOf, input, reduceMean } from '../../../src/engine/index.js';
import { encode } from '../../../src/engine/onnx.js';
import { writeImages } from '../../data/imageFiles.js';
import { sharedTemporaryFolder } from '../../temporaryFolder.js';
import { tinyConfiguration } from '../../training/tinyTraining.js';
import { expectBadInput, type Refusal, resultOf, runCommand } from '../runCommand.js';
import { writeNoiseArchive } from '../labelledData.js';
import { makeTinyRun, SMALL_PLANS } from '../tinyRun.js';

const folder = sharedTemporaryFolder();

describe('agenet evaluate and compare', () => {
  it('compute metrics of reconstructions and codes without a feature extractor, and write them into the run folder', async () => {
    await makeTinyRun(join(folder, 'run'));
    const result = await resultOf(
      ['evaluate', 'run', '--metrics', 'reconstruction_l1,psnr,ssim,latent_cosine', '--count', '200'],
      folder,
    );
    const metrics = result.metrics as Record<string, number>;
    expect(metrics.reconstruction_l1).toBeGreaterThan(0);
    expect(metrics.reconstruction_l1).toBeLessThan(2);
    expect(Math.abs(metrics.latent_cosine!)).toBeLessThanOrEqual(1);
    expect(result.protocol).toMatchObject({ split: 'test', seed: 0 });
    expect(Object.keys(result.timings as object)).toEqual([
      'extractor',
      'images',
      'prior_samples',
      'samples',
      'latent_cosine',
    ]);
    const side = await resultOf(['compare', 'run', 'run'], folder);
    expect(side).toMatchObject({
      comparable: ['reconstruction_l1', 'psnr', 'ssim', 'latent_cosine'],
      not_comparable: [],
      best: {},
    });
    expect((side.runs as { metrics: unknown }[]).map((each) => each.metrics)).toEqual([metrics, metrics]);
  });

  it('use the features of an external model, whose digest is part of the protocol', async () => {
    writeNoiseArchive(join(folder, 'external.npz'), 60);
    await makeTinyRun(join(folder, 'external'), tinyConfiguration({ data: `npz:${join(folder, 'external.npz')}` }));
    const x = input('x', [16, 1, 32, 32]);
    writeFileSync(
      join(folder, 'columns.onnx'),
      await encode(graphOf({ columns: reduceMean(x, [1, 2], { keepAxes: false }) })),
    );
    const evaluateWith = (...args: string[]) =>
      resultOf(
        [
          'evaluate',
          'external',
          '--split',
          'train',
          '--metrics',
          'fid',
          '--count',
          '40',
          '--features',
          'columns.onnx',
          ...args,
        ],
        folder,
      );
    const { metrics, protocol } = await evaluateWith();
    expect((metrics as { fid: number }).fid).toBeGreaterThan(0);
    const { name, digest } = (protocol as { extractor: { name: string; digest: string } }).extractor;
    expect(name).toBe(`columns.onnx (${digest.slice(0, 8)}), output columns`);
    // Features that are twice as large have a distance that is four times as large.
    const scaled = await evaluateWith('--features-std', '0.5');
    expect((scaled.metrics as { fid: number }).fid / (metrics as { fid: number }).fid).toBeCloseTo(4, 3);
  });

  it('explain metrics without a run', async () => {
    const { metrics } = await resultOf(['evaluate', '--explain', 'fid', 'memorization'], folder);
    expect((metrics as { name: string }[]).map(({ name }) => name)).toEqual(['fid', 'memorization_ratio']);
    expect((metrics as unknown[])[0]).toMatchObject({
      better: 'lower',
      range: '0 or more',
      depends_on: expect.arrayContaining(['feature extractor', 'weights']) as string[],
    });
    const { stdout } = await runCommand(['evaluate', '--explain', 'psnr'], folder);
    const [title, ...rows] = stdout.trim().split('\n');
    expect(title).toMatch(/^psnr \(reconstruction\): /);
    expect(rows.map((row) => row.trim().split(/ {2,}/)[0])).toEqual([
      'range',
      'better',
      'good value',
      'definition',
      'depends on',
    ]);
    expect(rows.at(-1)).toContain('image set, weights');
    expect(((await resultOf(['evaluate', '--explain'], folder)).metrics as unknown[]).length).toBeGreaterThan(25);
  });

  it('list metrics that are not comparable separately, with the reason, and mark the best of the others', async () => {
    for (const [run, count, step] of [
      ['few', '50', 3],
      ['many', '60', 4],
    ] as const) {
      await makeTinyRun(join(folder, run), tinyConfiguration({ latent: 8, width: step }), step);
      await resultOf(['evaluate', run, '--metrics', 'reconstruction,rayleigh_fake', '--count', count], folder);
    }
    const { stdout, stderr, status } = await runCommand(['compare', 'few', 'many'], folder);
    expect([status, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n');
    const reason = lines.indexOf('not comparable: sample count 50 (few); 60 (many)');
    expect(lines.slice(reason + 1)).toEqual([expect.stringMatching(/^rayleigh_fake( +[\d.]+){2}$/), '']);
    expect(lines.slice(0, reason).filter((line) => line.includes('*'))).toHaveLength(4);
  });

  it('show the mean and standard deviation over seeds', async () => {
    const runs = ['first', 'second', 'wide'];
    for (const [index, run] of runs.entries()) {
      await makeTinyRun(
        join(folder, run),
        tinyConfiguration({
          data: `npz:${join(folder, 'external.npz')}`,
          seed: index + 1,
          width: run === 'wide' ? 8 : 4,
        }),
      );
      await resultOf(['evaluate', run, '--metrics', 'psnr', '--count', '20', '--seed', String(index)], folder);
    }
    const { stdout, status } = await runCommand(['compare', '--seeds', ...runs], folder);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^A: first, second\nB: wide\n +A +B\nseeds +2 +1\niterations +3 +3\npsnr +[\d.]+ ± [\d.]+\*? +[\d.]+\*?( +not ranked: .*)?\n$/,
    );
  });

  it('report what data without labels requires for class probabilities', async () => {
    await writeImages(
      join(folder, 'pictures'),
      Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`${index}.png`, 8 * index])),
    );
    await makeTinyRun(join(folder, 'unlabelled'), tinyConfiguration({ data: join(folder, 'pictures') }));
    const { status, stderr } = await runCommand(['evaluate', 'unlabelled', '--metrics', 'inception_score'], folder);
    expect(status).toBe(2);
    expect(stderr).toContain('--features-probabilities');
  });

  const refusals: readonly Refusal[] = [
    ['a missing run', ['evaluate', 'no/run'], ['no/run']],
    ['an unknown metric, with the nearest', ['evaluate', 'run', '--metrics', 'fdi'], ['fdi', 'did you mean fid']],
    ['no run', ['evaluate'], ['run: missing', '--explain']],
    ['an explanation of an unknown metric', ['evaluate', '--explain', 'fdi'], ['fdi', 'did you mean fid']],
    ['an explanation with a run', ['evaluate', 'run', '--explain'], ['--explain takes no run']],
    ['a comparison of a run without evaluations', ['compare', 'unlabelled'], ['unlabelled: not evaluated yet']],
  ];
  it.each(refusals)('reject %s', async (_, args, texts) => {
    await expectBadInput(args, folder, ...texts);
  });

  it('reject a damaged evaluation', async () => {
    await makeTinyRun(join(folder, 'damaged'));
    writeFileSync(join(folder, 'damaged', 'evaluation-000003.json'), '{"step":');
    await expectBadInput(['compare', 'damaged'], folder, 'corrupt evaluation');
  });
});

describe('agenet probe', () => {
  it('classifies from few labels by codes and by pixels', async () => {
    const { results } = await resultOf(
      ['probe', 'run', '--labels', '20', '--trials', '1', '--methods', 'codes,knn,pixels'],
      folder,
    );
    const found = results as { labels: number; method: string; accuracy: number; std: number }[];
    expect(found.map(({ method }) => method).sort()).toEqual(['codes', 'knn', 'pixels']);
    for (const { accuracy } of found) expect(accuracy).toBeLessThanOrEqual(1);
    // Two digits per class are far better than chance, even as pixels.
    expect(found.find(({ method }) => method === 'pixels')!.accuracy).toBeGreaterThan(0.25);
  });

  const refusals: readonly Refusal[] = [
    [
      'an unknown method, with the nearest',
      ['probe', 'run', '--labels', '100', '--methods', 'cods'],
      ['cods', 'did you mean codes'],
    ],
    [
      'a label count that is not a multiple of the classes',
      ['probe', 'run', '--labels', '15', '--methods', 'knn'],
      ['15'],
    ],
    ['more labels than available', ['probe', 'run', '--labels', '1000000', '--methods', 'knn'], ['1000000']],
    ['data without labels', ['probe', 'unlabelled', '--labels', '10', '--methods', 'knn'], ['labels']],
  ];
  it.each(refusals)('rejects %s', async (_, args, texts) => {
    const { status, stderr } = await runCommand(args, folder);
    expect(status, stderr).toBe(2);
    for (const text of texts) expect(stderr).toContain(text);
  });
});

describe('agenet train with evaluations', () => {
  const TINY = [
    ...['--width', '4', '--latent', '8', '--batch', '16', '--threads', '1', '--sample-every', '0'],
    ...SMALL_PLANS,
  ];

  it('keeps the best checkpoint for other commands, and may rank by a different metric when resumed', async () => {
    writeNoiseArchive(join(folder, 'noise.npz'), 100, { labelled: false });
    const asked = [
      '--evaluate-every',
      '1',
      '--evaluate-samples',
      '10',
      '--evaluate-metrics',
      'reconstruction',
      '--save-best',
      'reconstruction_l1',
    ];
    const { best } = await resultOf(
      ['train', 'npz:noise.npz', '--out', 'judged', '--epochs', '2', ...asked, ...TINY],
      folder,
    );
    expect(best).toMatchObject({
      metric: 'reconstruction_l1',
      file: join('judged', 'checkpoints', 'best.safetensors'),
    });
    expect((await resultOf(['info', join('judged', 'checkpoints', 'best.safetensors')], folder)).step).toBe(
      (best as { step: number }).step,
    );
    const resumed = await resultOf(
      ['train', 'npz:noise.npz', '--out', 'judged', '--resume', '--epochs', '3', '--save-best', 'ssim'],
      folder,
    );
    expect(resumed.steps).toBe(15);
    const evaluation = JSON.parse(readFileSync(join(folder, 'judged', 'evaluation-000015.json'), 'utf8')) as {
      metrics: object;
    };
    expect(Object.keys(evaluation.metrics).sort()).toEqual(['psnr', 'reconstruction_l1', 'reconstruction_mse', 'ssim']);
  });

  const refusals: readonly Refusal[] = [
    ['a best checkpoint without evaluations', ['--save-best', 'psnr'], ['--save-best', '--evaluate-every']],
    [
      'metrics that require labels, for unlabeled data',
      ['--evaluate-every', '1', '--save-best', 'inception_score'],
      ['inception_score: npz:noise.npz has no labels'],
    ],
    [
      'an unknown metric, also in a dry run',
      ['--evaluate-every', '1', '--evaluate-metrics', 'psrn', '--dry-run'],
      ['"psrn"', 'did you mean psnr'],
    ],
  ];
  it.each(refusals)('rejects %s before it creates the folder', async (_, args, texts) => {
    await expectBadInput(['train', 'npz:noise.npz', '--out', 'refused', ...TINY, ...args], folder, ...texts);
    expect(existsSync(join(folder, 'refused'))).toBe(false);
  });
});
