import { describe, expect, it } from 'vitest';
import { csvOf } from '../../pages/components/chartCard.js';
import { comparedCurve } from '../../pages/studio/compare/comparedCurves.js';
import { endedRuns } from '../../pages/studio/notifications.js';
import { placed } from '../../pages/studio/run/xAxis.js';
import { columnGroups, groupText, NAME, sortGroups } from '../../pages/studio/runs/columns.js';
import { filterOf, filterProblem } from '../../pages/studio/runs/filter.js';
import { alone, bandOf, groupSeeds } from '../../pages/studio/runs/seeds.js';
import type { ListedRun } from '../../src/studio/schemas.js';

const run = (id: string, changes: Partial<ListedRun> = {}): ListedRun => ({
  ...{ id, state: 'finished', reason: null, warning: null, step: 10, totalSteps: 10, secondsLeft: null },
  ...{ metrics: {}, settings: { seed: 1 }, data: 'mnist', model: 'dcgan32', updated: 0 },
  ...{ preview: null, checkpoint: null, journalBytes: 0, tags: [], note: '' },
  ...changes,
});

describe('filters of runs', () => {
  const runs = [
    run('a', { settings: { width: 16, flip: true, network: 'dcgan32' }, metrics: { fid: 12 }, tags: ['paper', 'x'] }),
    run('b', { settings: { width: 32, flip: false, network: 'resnet32' }, state: 'failed', note: 'Too WIDE' }),
  ];
  const found = (text: string) => runs.filter(filterOf(text)).map(({ id }) => id);

  it.each([
    ['', ['a', 'b']],
    ['MNIST', ['a', 'b']],
    ['wide', ['b']],
    ['#paper', ['a']],
    ['tag=paper', ['a']],
    ['tag!=paper', ['b']],
    ['width=16', ['a']],
    ['width>16', ['b']],
    ['width>=16 width<=16', ['a']],
    ['fid<20', ['a']],
    ['fid!=12', ['b']],
    ['flip=true', ['a']],
    ['network=ResNet32', ['b']],
    ['state=failed mnist', ['b']],
    ['unknown=1', []],
    ['width=', []],
    ['network<5', []],
    ['constructor=1', []],
  ])('%s', (text, expected) => expect(found(text)).toEqual(expected));

  it.each([
    ['fid<banana', 'Compare fid with a number, such as fid<10.'],
    ['mnist width=', 'Complete width= with a value.'],
    ['network<5', 'The values of network are not numbers: use = or !=.'],
    ['constructor=1', 'No run has a value named constructor.'],
    ['tag=none fid<1 mnist', ''],
  ])('%s has the problem "%s"', (text, expected) => expect(filterProblem(text, runs)).toBe(expected));
});

describe('seeds of a run', () => {
  const settings = (seed: number, width = 16) => ({ settings: { seed, width } });
  const [one, two, wide, queued] = [
    run('mnist-1', { ...settings(1), metrics: { fid: 2 } }),
    run('mnist-2', { ...settings(2), metrics: { fid: 4 } }),
    run('mnist-3', settings(1, 32)),
    run('waiting', { settings: {} }),
  ] as const;

  it('are runs with equal data and other settings', () => {
    expect(groupSeeds([one, wide, two, queued, run('faces-1', { ...settings(3), data: 'faces' })])).toMatchObject([
      { name: 'mnist (2 seeds)', runs: [one, two] },
      { name: 'mnist-3' },
      { name: 'waiting' },
      { name: 'faces-1' },
    ]);
  });

  it('have the mean and the standard deviation of numbers, and sort by the mean', () => {
    const runs = [one, two, run('mnist-3', { ...settings(1, 32), metrics: { fid: 2.5 } }), queued];
    const fid = columnGroups(runs)[1]!.columns.find(({ key }) => key === 'fid')!;
    const groups = groupSeeds(runs);
    expect(groupText(fid, groups[0]!)).toBe('3 ± 1.4');
    const order = (isDescending: boolean) => sortGroups(groups, fid, isDescending).map(({ runs: [first] }) => first.id);
    expect(order(false)).toEqual(['mnist-3', 'mnist-1', 'waiting']);
    expect(order(true)).toEqual(['mnist-1', 'mnist-3', 'waiting']);
    expect(sortGroups(alone([two, one]), NAME, false).map(({ name }) => name)).toEqual(['mnist-1', 'mnist-2']);
  });

  it('become a band where all of them have values, interpolated between points', () => {
    const band = bandOf([
      [[0, 9], [10, 1], [20, 3], [30, 5]], // prettier-ignore
      [[5, 2], [15, 4], [20, 7]], // prettier-ignore
    ]);
    expect(band.map(({ place, mean }) => [place, mean])).toEqual([[10, 2], [20, 5]]); // prettier-ignore
    expect(band[1]!.deviation).toBeCloseTo(Math.sqrt(8));
    expect(bandOf([])).toEqual([]);
  });

  it('are one curve with its area in a comparison, and single runs keep their exact values', () => {
    const points = new Map([
      ['mnist-1', [1, 2, 3].map((step) => ({ step, values: { fid: step } }))],
      ['mnist-2', [1, 2, 3].map((step) => ({ step, values: { fid: 3 * step } }))],
    ]);
    const together = comparedCurve('fid', groupSeeds([one, two]), points, 0);
    expect(together.curves).toMatchObject([
      { label: 'mnist (2 seeds)', band: [expect.any(String), expect.any(String)] },
    ]);
    expect(together.points[1]!.values['mnist-1']).toBe(4);
    const apart = comparedCurve('fid', alone([one, two]), points, 0.5);
    expect(apart.curves.map(({ label, isFaint = false }) => [label, isFaint])).toEqual([
      ['mnist-1', true],
      ['mnist-1', false],
      ['mnist-2', true],
      ['mnist-2', false],
    ]);
    expect(apart.points[2]!.values).toMatchObject({ 'mnist-1': 3, 'mnist-2': 9 });
    expect(apart.points[2]!.values['mnist-1 smoothed']).toBeCloseTo((0.25 * 1 + 0.5 * 2 + 3) / 1.75);
  });
});

describe('charts', () => {
  it('have places on other axes, without a part that was trained again', () => {
    const points = [
      { step: 1, values: { epoch: 0.5, seconds: 60 } },
      { step: 2, values: { epoch: 1, seconds: 120 } },
      { step: 3, values: { epoch: 0.75 } },
      { step: 4, values: { epoch: 1.5, seconds: 150 } },
    ];
    expect(placed(points, 'iteration')).toBe(points);
    expect(placed(points, 'epoch').map(({ step }) => step)).toEqual([0.5, 1, 1.5]);
    expect(placed(points, 'time').map(({ step }) => step)).toEqual([1, 2, 2.5]);
  });

  it('are tables with quoted names and gaps', () => {
    const curves = [
      { key: 'a', label: 'a, "b"', color: '', isFaint: true },
      { key: 'c', label: 'a, "b"', color: '', note: 'smoothed' },
    ];
    expect(csvOf({ curves, points: [{ step: 1, values: { a: 0.5 } }], unit: 'epoch' })).toBe(
      'epoch,"a, ""b""","a, ""b"", smoothed"\n1,0.5,\n',
    );
  });
});

it('a run has ended if it trained before, and does not wait', () => {
  const before = new Map(
    [run('a', { state: 'running' }), run('b', { state: 'paused' }), run('c')].map((each) => [each.id, each]),
  );
  const after = new Map([run('a'), run('b', { state: 'queued' }), run('c')].map((each) => [each.id, each]));
  expect(endedRuns(before, after).map(({ id }) => id)).toEqual(['a']);
});
