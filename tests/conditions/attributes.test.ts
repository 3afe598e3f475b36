import { describe, expect, it } from 'vitest';
import { attributeCondition, attributesIn, encodeDescription, parseWhere } from '../../src/conditions/attributes.js';
import { randomStream } from '../../src/random.js';
import { expectInputError } from '../rejection.js';

const ROWS = [
  { beard: 'full', fatness: '0.5', kind: '2' },
  { beard: '', fatness: '0', kind: '10' },
  { beard: 'none', fatness: '1', kind: '2' },
];
const ATTRIBUTES = attributesIn(ROWS);

describe('attributes', () => {
  it('are classes, or numbers if a value has a fraction or there are many', () => {
    expect(ATTRIBUTES).toEqual([
      { name: 'beard', values: ['full', 'none'] },
      { name: 'fatness', low: 0, high: 1 },
      { name: 'kind', values: ['2', '10'] },
    ]);
    const years = Array.from({ length: 30 }, (_, index) => ({ year: `${1990 + index}` }));
    expect(attributesIn(years)).toEqual([{ name: 'year', low: 1990, high: 2019 }]);
    // More than fit into the arguments of a call.
    const many = Array.from({ length: 200_000 }, (_, index) => ({ x: `${index / 4}` }));
    expect(attributesIn(many)).toEqual([{ name: 'x', low: 0, high: 199_999 / 4 }]);
  });

  it('become 1 at the class; of a number, 1 and its place in the range; zeros if unknown', () => {
    expect(encodeDescription(ATTRIBUTES, ROWS[0]!)).toEqual(Float32Array.of(1, 0, 1, 0, 1, 0));
    expect(encodeDescription(ATTRIBUTES, ROWS[1]!)).toEqual(Float32Array.of(0, 0, 1, -1, 0, 1));
    expect(encodeDescription(ATTRIBUTES, { beard: 'none' })).toEqual(Float32Array.of(0, 1, 0, 0, 0, 0));
    expect(encodeDescription(ATTRIBUTES, { fatness: '1.5' })).toEqual(Float32Array.of(0, 0, 1, 2, 0, 0));
    const odd = [{ name: 'constructor', values: ['a', 'b'] }];
    expect(encodeDescription(odd, {})).toEqual(Float32Array.of(0, 0));
  });

  it('of images are told all, none or some of them in training', () => {
    const { shape, of } = attributeCondition(ATTRIBUTES);
    expect(shape).toEqual([6]);
    const images = {
      x: new Uint8Array(0),
      labels: null,
      descriptions: new Array<(typeof ROWS)[0]>(4000).fill(ROWS[0]!),
    };
    expect(of(images).slice(0, 6)).toEqual(encodeDescription(ATTRIBUTES, ROWS[0]!));
    const conditions = of(images, randomStream(0, 'told'));
    const told = Array.from(
      { length: 4000 },
      (_, at) => [0, 2, 4].filter((key) => conditions[6 * at + key] === 1).length,
    );
    const shareOf = (count: number) => told.filter((each) => each === count).length / told.length;
    expect(shareOf(3)).toBeCloseTo(0.5 + 0.4 / 8, 1);
    expect(shareOf(0)).toBeCloseTo(0.1 + 0.4 / 8, 1);
    expect(shareOf(1)).toBeCloseTo((0.4 * 3) / 8, 1);
  });

  it('are written with commas between', async () => {
    expect(parseWhere('beard=full, fatness=0.8')).toEqual({ beard: 'full', fatness: '0.8' });
    for (const where of ['beard', 'beard=', '=full', 'a=1,,b=2'])
      await expectInputError(() => parseWhere(where), 'NAME=VALUE');
  });

  it.each([
    ['an unknown attribute', () => encodeDescription(ATTRIBUTES, { bread: 'full' }), 'attribute bread: unknown'],
    ['an unknown value', () => encodeDescription(ATTRIBUTES, { beard: 'ful' }), 'beard=ful: there is no such value'],
    [
      'a number that is none',
      () => encodeDescription(ATTRIBUTES, { fatness: 'big' }),
      'fatness=big: expected a number',
    ],
    [
      'a column of one value',
      () => attributesIn([{ a: '1' }, { a: '1' }]),
      'attribute a: all images have the same value',
    ],
    [
      'a column of names',
      () => attributesIn(Array.from({ length: 300 }, (_, at) => ({ a: `n${at}` }))),
      'has 300 values',
    ],
    [
      'images without',
      () => attributeCondition(ATTRIBUTES).of({ x: new Uint8Array(0), labels: null }),
      'have no attributes',
    ],
  ])('are refused: %s', async (_, call, problem) => {
    await expectInputError(call, problem);
  });
});
