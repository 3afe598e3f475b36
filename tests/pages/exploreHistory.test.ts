import { describe, expect, it } from 'vitest';
import { distanceFromCodes } from '../../src/model/paths.js';
import { expectWithin } from '../expectWithin.js';
import { shownOutside } from '../../src/conditions/observations.js';
import { readFavorites } from '../../pages/components/explore/favorites.js';
import { beginHistory, MAX_STEPS, record, redo, settle, undo } from '../../pages/components/explore/history.js';
import type { ExplorableModel } from '../../pages/components/explore/panel.js';
import { codeOnPath, selectEnd } from '../../pages/components/explore/path.js';
import { encodeCode } from '../../pages/components/explore/savedCodes.js';
import { choiceOfCondition, conditionOfChoice, fittingChoice } from '../../pages/components/conditions.js';
import type { ModelInfo } from '../../pages/components/networks.js';

describe('a history', () => {
  it('undoes and redoes what was recorded', () => {
    const three = record(record(beginHistory('a'), 'b'), 'c');
    expect(undo(three).present).toBe('b');
    expect(undo(undo(undo(three))).present).toBe('a');
    expect(redo(redo(undo(undo(three)))).present).toBe('c');
    expect(redo(three).present).toBe('c');
    // A new state ends the ones that were undone.
    expect(redo(record(undo(three), 'd')).present).toBe('d');
  });

  it('replaces a state that is open, such as that of a slider that is dragged', () => {
    const dragged = settle(record(record(record(beginHistory(0), 1, true), 2, true), 3));
    expect([dragged.present, undo(dragged).present]).toEqual([3, 0]);
    const next = record(dragged, 4, true);
    expect(undo(next).present).toBe(3);
    expect(undo(record(undo(next), 5)).present).toBe(3);
  });

  it('has a limit', () => {
    let history = beginHistory(0);
    for (let step = 1; step <= MAX_STEPS + 20; step++) history = record(history, step);
    for (let step = 0; step < MAX_STEPS + 20; step++) history = undo(history);
    expect(history.present).toBe(20);
  });
});

describe('a path between codes with conditions', () => {
  const codeOf = (angle: number, condition?: readonly number[]) => ({
    name: String(angle),
    code: Float32Array.of(Math.cos(angle), Math.sin(angle)),
    distance: 0,
    condition: condition && Float32Array.from(condition),
  });
  const [first, second] = [codeOf(0, [1, 0]), codeOf(1, [0, 1])];

  it('changes the condition evenly, or has that of an end', () => {
    const at = (choice: 'path' | 'first' | 'second') => [
      ...codeOnPath('sphere', first, second, 0.25, choice).condition!,
    ];
    expect(at('path')).toEqual([0.75, 0.25]);
    expect(at('first')).toEqual([1, 0]);
    expect(at('second')).toEqual([0, 1]);
    expect([...codeOnPath('sphere', first, codeOf(1), 0.5).condition!]).toEqual([0.5, 0]);
    expect(codeOnPath('sphere', codeOf(0), codeOf(1), 0.5).condition).toBeUndefined();
  });

  it('replaces its ends in turn', () => {
    const ends = selectEnd(selectEnd({ codes: [first, second], side: 1 }, codeOf(2)), codeOf(3));
    expect(ends.codes.map(({ name }) => name)).toEqual(['3', '2']);
  });
});

const info = {
  latent: 2,
  condition: {
    setting: 'attributes',
    classes: [],
    attributes: [
      { name: 'kind', values: ['cat', 'dog'] },
      { name: 'age', low: 10, high: 20 },
    ],
    shape: [4],
  },
} as unknown as ModelInfo;

describe('the choice of a condition', () => {
  it('is read back', () => {
    for (const attributes of [{ kind: 'dog', age: '12.5' }, { age: '20' }, {}]) {
      const choice = { label: null, attributes };
      expect(choiceOfCondition(info, conditionOfChoice(info, choice))).toEqual(choice);
    }
    const classes = { ...info, condition: { ...info.condition!, classes: ['a', 'b', 'c'], attributes: [] } };
    for (const label of [null, 0, 2]) {
      const choice = { label, attributes: {} };
      expect(choiceOfCondition(classes, conditionOfChoice(classes, choice))).toEqual(choice);
    }
    expect(choiceOfCondition(classes, Float32Array.of(0.4, 0.6, 0)).label).toBe(1);
  });
});

describe('a choice in an address', () => {
  it('counts only if the model has it', () => {
    const classes = { ...info, condition: { ...info.condition!, classes: ['a', 'b'], attributes: [] } };
    expect(fittingChoice(classes, { label: 1, attributes: {} }).label).toBe(1);
    expect(fittingChoice(classes, { label: 9, attributes: {} }).label).toBeNull();
    const { attributes } = fittingChoice(info, { label: null, attributes: { kind: 'dog' } });
    expect(attributes).toEqual({ kind: 'dog' });
    for (const bad of [{ kind: 'x' }, { color: 'red' }, { age: 'old' }])
      expect(fittingChoice(info, { label: null, attributes: bad }).attributes).toEqual({});
    expect(fittingChoice({ latent: 2 } as ModelInfo, { label: 1, attributes: {} }).label).toBeNull();
  });
});

describe('stored favorites', () => {
  const model = { info, step: 3 } as ExplorableModel;

  it('are read again, with their iteration', () => {
    const code = {
      name: 'one',
      code: Float32Array.of(0.6, 0.8),
      distance: 0.5,
      condition: Float32Array.of(0, 1, 0, 0),
    };
    const [found] = readFavorites(model, JSON.stringify([{ ...encodeCode(model, code), iteration: 2 }]));
    expect(found).toEqual({ ...code, step: 2 });
  });

  it('of completions keep the picture and the hole', () => {
    const condition = { setting: 'mask', classes: [], attributes: [], shape: [4, 2, 2] };
    const masked = { info: { latent: 2, shape: [3, 2, 2], condition }, step: 3 } as unknown as ExplorableModel;
    const photo = Uint8Array.from({ length: 12 }, (_, at) => 20 * at);
    const shown = shownOutside(photo, { channels: 3, size: 2 }, [Uint8Array.of(0, 1, 0, 1)]);
    const code = { name: 'completion 1 of a.png', code: Float32Array.of(0.6, 0.8), distance: 0, condition: shown };
    const text = JSON.stringify([encodeCode(masked, code)]);
    expect(readFavorites(masked, text)).toEqual([{ ...code, step: undefined }]);
    for (const bad of [[1, 2], 'x', '_'.repeat(24), 7])
      expect(readFavorites(masked, JSON.stringify([{ ...encodeCode(masked, code), condition: bad }]))).toEqual([]);
  });

  it('of anything else are left out', () => {
    const good = { name: 'one', distance: 0, code: [0, 1] };
    const bad = [null, 3, {}, { ...good, code: [0, 'x'] }, { ...good, code: [1] }, { ...good, distance: 2 }];
    expect(readFavorites(model, JSON.stringify([...bad, good])).length).toBe(1);
    for (const text of [null, '', '{', '{}', 'null']) expect(readFavorites(model, text)).toEqual([]);
  });
});

describe('a walk', () => {
  /** The angle is in right angles. */
  const unit = (angle: number) => Float32Array.of(Math.cos((angle * Math.PI) / 2), Math.sin((angle * Math.PI) / 2));
  const distanceAt = (from: number, to: number, position: number) =>
    codeOnPath('sphere', { code: unit(0), distance: from }, { code: unit(1), distance: to }, position).distance;

  it('is as far from codes as its ends at the ends, and between images as `interpolate`', () => {
    for (const [from, to] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ] as const) {
      expectWithin(distanceAt(from, to, 0), from, 1e-12);
      expectWithin(distanceAt(from, to, 1), to, 1e-12);
    }
    for (const position of [0.1, 0.5, 0.8]) {
      expectWithin(distanceAt(0, 0, position), distanceFromCodes(unit(position), [unit(0), unit(1)]), 1e-6);
      expect(distanceAt(1, 1, position)).toBe(1);
    }
  });
});
