import { expect } from 'vitest';
import { InputError } from '../src/errors.js';

/** Expects an InputError, thrown or rejected with, whose message is one line and holds every one of the texts. */
export async function expectInputError(action: () => unknown, ...texts: readonly string[]): Promise<void> {
  const error = await errorOf(action);
  expect(error).toBeInstanceOf(InputError);
  const { message } = error as InputError;
  expect(message).not.toContain('\n');
  for (const text of texts) expect(message).toContain(text);
}

/** What an action throws or rejects with, or undefined where it does neither. */
export async function errorOf(action: () => unknown): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  return undefined;
}
