import { describe, expect, it } from 'vitest';
import {
  fillUnknown,
  fitConditionPredictor,
  isComplete,
  predictConditions,
} from '../../src/density/conditionPredictor.js';
import type { ConditionPart } from '../../src/networks/network.js';
import { groupedCodes, rowsOf, SIZE } from './codes.js';

const PARTS: readonly ConditionPart[] = [{ classes: 3 }, 'value'];
const WIDTH = 5;
const COUNT = 600;
const codes = groupedCodes(COUNT, 3, 0.15);
const valueOf = (code: Float32Array) => code[0]! - 0.5 * code[4]!;

/** The class is the group of the code, and the value linear in it. */
const conditions = Float32Array.from(
  rowsOf(codes).flatMap((code, row) => [...[0, 1, 2].map((label) => (row % 3 === label ? 1 : 0)), 1, valueOf(code)]),
);
const features = (data: Float32Array, width: number) => ({ data, width });
const predictorOf = (known: Float32Array) =>
  fitConditionPredictor({ codes: features(codes, SIZE), conditions: features(known, WIDTH), parts: PARTS });

describe('the predictor of conditions', () => {
  const predicted = predictConditions(predictorOf(conditions), features(codes, SIZE), PARTS);

  it('finds the class of a code, one of them per image', () => {
    const classesIn = (rows: Float32Array) =>
      Array.from({ length: COUNT }, (_, row) => Array.from(rows.subarray(row * WIDTH, row * WIDTH + 3)));
    const [found, expected] = [classesIn(predicted), classesIn(conditions)];
    const right = found.filter((each, row) => each.join() === expected[row]!.join());
    expect(right.length).toBeGreaterThan(0.97 * COUNT);
    for (const each of found) expect(each.reduce((sum, value) => sum + value, 0)).toBe(1);
  });

  it('finds a value, and keeps it in its range', () => {
    for (let at = 3; at < predicted.length; at += WIDTH) {
      expect(predicted[at]).toBe(1);
      expect(Math.abs(predicted[at + 1]! - Math.max(-1, Math.min(1, conditions[at + 1]!)))).toBeLessThan(0.05);
    }
    const far = predictConditions(predictorOf(conditions), features(Float32Array.of(9, 0, 0, 0, 0, 0), SIZE), PARTS);
    expect(far[4]).toBe(1);
  });

  it('learns nothing from images of which the class is unknown', () => {
    const partly = conditions.map((value, at) => (Math.floor(at / WIDTH) % 6 > 2 && at % WIDTH < 3 ? 0 : value));
    const half = predictConditions(predictorOf(partly), features(codes, SIZE), PARTS);
    const isEqual = (at: number) => Math.abs(half[at]! - predicted[at]!) < 0.1;
    expect(Array.from(half.keys()).filter(isEqual).length).toBeGreaterThan(0.97 * half.length);
  });

  it('never predicts a class without images', () => {
    const parts = [{ classes: 4 }];
    const labels = Float32Array.from({ length: COUNT * 4 }, (_, at) =>
      at % 4 === (Math.floor(at / 4) % 3) + 1 ? 1 : 0,
    );
    const inputs = { codes: features(codes, SIZE), conditions: features(labels, 4), parts };
    const found = predictConditions(fitConditionPredictor(inputs), features(codes, SIZE), parts);
    expect(found.every((value, at) => at % 4 !== 0 || value === 0)).toBe(true);
  });
});

describe('conditions of which parts are unknown', () => {
  const other = Float32Array.of(0, 0, 1, 1, -0.5);

  it('take these parts from others, and keep the rest', () => {
    expect(Array.from(fillUnknown(Float32Array.of(1, 0, 0, 0, 0), other, PARTS))).toEqual([1, 0, 0, 1, -0.5]);
    // A value of 0 is known.
    expect(Array.from(fillUnknown(Float32Array.of(0, 0, 0, 1, 0), other, PARTS))).toEqual([0, 0, 1, 1, 0]);
  });

  it('are not complete', () => {
    expect(isComplete(other, PARTS)).toBe(true);
    expect(isComplete(Float32Array.of(...other, 0, 0, 0, 1, 0), PARTS)).toBe(false);
  });
});
