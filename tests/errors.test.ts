import { describe, expect, it } from 'vitest';
import { InputError, nearestName } from '../src/errors.js';

describe('InputError', () => {
  it('is an Error with its own name', () => {
    const error = new InputError('width', 'must be at least 1, not 0');
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toBe('InputError: width: must be at least 1, not 0');
  });
});

describe('nearestName', () => {
  const known = ['KL_real', 'KL_fake', 'match_x', 'match_z'];

  it.each([
    ['KL_rael', 'KL_real'],
    ['kl_fake', 'KL_fake'],
    ['KLfake', 'KL_fake'],
    ['match-z', 'match_z'],
    ['match_xx', 'match_x'],
    ['match_x', 'match_x'],
  ])('finds for %s the name %s', (given, expected) => {
    expect(nearestName(given, known)).toBe(expected);
  });

  it('finds nothing if too many letters differ', () => {
    expect(nearestName('divergence', known)).toBeUndefined();
    expect(nearestName('KL', known)).toBeUndefined();
    expect(nearestName('', known)).toBeUndefined();
  });

  it('finds nothing for a megabyte of text', () => {
    expect(nearestName('a'.repeat(2 ** 20), known)).toBeUndefined();
  });

  it('finds nothing in an empty list', () => {
    expect(nearestName('KL_real', [])).toBeUndefined();
  });

  it('prefers the name with the fewest differences', () => {
    expect(nearestName('sample', ['simple', 'samples', 'ample'])).toBe('simple');
    expect(nearestName('samples', ['simple', 'samples', 'sample'])).toBe('samples');
  });
});
