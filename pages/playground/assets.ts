import { InputError } from '../../src/errors.js';

/**
 * Loads a file that lies beside the page.
 * @throws {InputError} if it cannot be loaded
 */
export async function loadAsset(path: string): Promise<Response> {
  const response = await fetch(new URL(path, document.baseURI)).catch(() => undefined);
  if (!response?.ok) throw new InputError(path, 'cannot be loaded', 'check the connection, and reload the page');
  return response;
}
