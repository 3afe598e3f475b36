import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configurationOf } from '../../pages/playground/digits/configuration.js';
import { configurationOf as configurationOfImages } from '../../pages/playground/images/start.js';
import { CHARTS } from '../../pages/playground/plane/curves.js';
import { activePreset, PRESETS } from '../../pages/playground/plane/presets.js';
import {
  CONDITIONS,
  dataOf,
  DEFAULT_SETTINGS,
  DRAWN_SETTINGS,
  fromQuery,
  HIDDEN,
  modelOf,
  PRIOR_NAMES,
  SPEEDS,
  toQuery,
  WEIGHTS,
} from '../../pages/playground/plane/settings.js';
import { drawData, SHAPE_NAMES } from '../../pages/playground/plane/shapes.js';
import { PUSH_TERMS } from '../../pages/playground/plane/terms.js';
import { comparisonOf, DIFFERENCES as DIFFERING, queryOf, sidesOf } from '../../pages/playground/compare/difference.js';
import { addressOfStep, optionsOf, stepIn, STEPS } from '../../pages/playground/tour/steps.js';
import { randomStream } from '../../src/random.js';
import { decodeCheckpoint } from '../../src/training/checkpoint.js';
import { DEFAULTS } from '../../src/training/settings.js';
import { checkConfiguration } from '../../src/training/configuration.js';
import { requireResumable } from '../../src/training/resumption.js';
import { expectCloseElements } from '../engine/expectations.js';
import { digest } from '../training/tinyTraining.js';

const weight = fc.double({ min: 0, max: WEIGHTS.max, noNaN: true });
const settings = fc.record({
  data: fc.constantFrom(...SHAPE_NAMES, 'drawn' as const),
  drawn: fc
    .array(fc.float({ min: -1, max: 1, noNaN: true }), { maxLength: 20 })
    .map((values) => Float32Array.from(values.slice(0, 2 * Math.floor(values.length / 2)))),
  prior: fc.constantFrom(...PRIOR_NAMES),
  condition: fc.constantFrom(...CONDITIONS),
  hidden: fc.constantFrom(...HIDDEN),
  generatorUpdates: fc.integer({ min: 1, max: 3 }),
  seed: fc.integer({ min: 0, max: 9999 }),
  learningRate: fc.double({ min: 1e-4, max: 1e-2, noNaN: true }),
  weights: fc.record({
    encoder: fc.record({ KL_real: weight, KL_fake: weight, match_x: weight, uniform: weight }),
    generator: fc.record({ KL_fake: weight, match_z: weight, match_x: weight }),
  }),
  speed: fc.constantFrom(...SPEEDS),
  arrows: fc.subarray([...PUSH_TERMS]),
});

describe('the settings of the plane in an address', () => {
  it('are restored, drawn points within 1/1000', () => {
    fc.assert(
      fc.property(settings, (given) => {
        const { drawn, ...rest } = fromQuery(toQuery(given));
        const { drawn: expected, ...others } = given;
        expect(rest).toEqual(others);
        expect(drawn).toHaveLength(expected.length);
        for (const [index, value] of drawn.entries()) expect(Math.abs(value - expected[index]!)).toBeLessThan(1e-3);
      }),
    );
  });

  it('are the defaults where the address lacks them, or has something else', () => {
    expect(toQuery(DEFAULT_SETTINGS)).toBe('');
    fc.assert(
      fc.property(fc.string(), fc.string(), (name, value) => {
        const found = fromQuery(
          new URLSearchParams([
            [name, value],
            ['rate', value],
            ['drawn', value],
            ['hidden', value],
          ]).toString(),
        );
        expect(HIDDEN).toContain(found.hidden);
        expect(found.learningRate).toBeGreaterThan(0);
        expect(found.drawn.every((coordinate) => Math.abs(coordinate) <= 1)).toBe(true);
      }),
    );
  });

  it('can be those of each preset', () => {
    for (const preset of PRESETS) {
      const given = { ...DEFAULT_SETTINGS, ...preset.settings };
      expect(fromQuery(toQuery(given))).toEqual(given);
    }
  });
});

describe('a comparison in an address', () => {
  it.each(Object.entries(DIFFERING))('is restored (%s)', (name, { control }) => {
    const values = 'values' in control ? control.values : [String(control.min), String(control.max)];
    for (const value of values) {
      const given = { settings: { ...DEFAULT_SETTINGS, data: 'ring' as const, seed: 3 }, name, value };
      expect(comparisonOf(queryOf(given))).toEqual(given);
      const [first, second] = sidesOf(given);
      expect(first).toEqual(given.settings);
      expect({ data: second.data, seed: second.seed }).toEqual({ data: 'ring', seed: 3 });
    }
  });

  it('has a setting that differs, whatever the address', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (name, value) => {
        const { name: found } = comparisonOf(new URLSearchParams({ other: `${name}:${value}` }).toString());
        expect(DIFFERING).toHaveProperty([found]);
      }),
    );
    expect(comparisonOf('other=hidden:1e9').value).toBe('32');
  });
});

describe('the tour', () => {
  it('has eight steps, each with its address', () => {
    expect(STEPS).toHaveLength(8);
    for (const [index, step] of STEPS.entries()) {
      expect(stepIn(addressOfStep(index).replace('#/tour/', ''))).toBe(index);
      expect([...optionsOf(step, index)].sort()).toEqual([...step.options].sort());
    }
    for (const path of ['', '0', '9', '1.5', 'x']) expect(stepIn(path)).toBe(0);
  });
});

describe('presets of the plane', () => {
  it('are active while the settings have all of their values', () => {
    expect(activePreset(DEFAULT_SETTINGS)?.name).toBe('Balanced');
    for (const preset of PRESETS) {
      const chosen = { ...DEFAULT_SETTINGS, ...preset.settings };
      expect(activePreset(fromQuery(toQuery(chosen)))).toBe(preset);
      const { weights } = chosen;
      const changed = { ...chosen, weights: { ...weights, encoder: { ...weights.encoder, match_x: 7 } } };
      expect(activePreset(changed)).toBeUndefined();
    }
  });

  it('leave nothing behind for points that the visitor draws', () => {
    for (const preset of PRESETS) {
      const drawn = { ...DEFAULT_SETTINGS, ...preset.settings, ...DRAWN_SETTINGS };
      expect(drawn).toEqual({ ...DEFAULT_SETTINGS, data: 'drawn' });
      expect(dataOf(drawn)).toBeUndefined();
      expect(modelOf({ ...drawn, condition: 'class' }).isConditional).toBe(false);
    }
  });
});

it.each(CHARTS)('curves of a chart of the plane differ in color: $title', ({ curves }) => {
  expect(new Set(curves.map(({ color }) => color)).size).toBe(curves.length);
});

describe('data of the plane', () => {
  it.each(SHAPE_NAMES)('lie around the origin (%s)', (name) => {
    const { points, labels } = drawData(name, 2000, randomStream(1, name));
    expect(points.every((coordinate) => Math.abs(coordinate) < 1.2)).toBe(true);
    const mean = (axis: number) =>
      points.filter((_, index) => index % 2 === axis).reduce((sum, value) => sum + value / 2000, 0);
    expectCloseElements([1 + mean(0), 1 + mean(1)], [1, 1], 0.15);
    const share = labels.reduce((sum, label) => sum + label, 0) / labels.length;
    expect(share).toBeGreaterThan(0.25);
    expect(share).toBeLessThan(0.75);
  });

  it('lie around the points that were drawn', () => {
    const { points } = drawData(Float32Array.of(0.5, -0.5), 1000, randomStream(1, 'drawn'));
    expect(points.every((coordinate, index) => Math.abs(coordinate - (index % 2 === 0 ? 0.5 : -0.5)) < 0.2)).toBe(true);
  });
});

it('the checkpoint for the visitor’s images is intact, small, and fits its configuration', async () => {
  const file = readFileSync(new URL('../../pages/playground/public/images-start.gz', import.meta.url));
  expect(file.length).toBeLessThan(800_000);
  const bytes = gunzipSync(file);
  const checkpoint = await decodeCheckpoint(bytes, 'images-start.gz', digest);
  const configuration = await checkConfiguration(configurationOfImages(bytes, []));
  expect(configuration).toMatchObject({ size: 32, channels: 3, width: 8, ema: 0.99 });
  const conditional = await checkConfiguration(configurationOfImages(bytes, ['few', 'many']));
  expect(conditional).toMatchObject({ condition: 'class', classes: ['few', 'many'], codeNoise: 1 });
  expect(() => requireResumable(configuration, { ...checkpoint, file: 'images-start.gz' }, 32)).not.toThrow();
});

it('the configuration of the digits is valid', async () => {
  const configuration = { ...DEFAULTS, ...configurationOf(8, 1) };
  expect(await checkConfiguration(configuration)).toEqual(configuration);
});
