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

/** Decompresses a file of this site. Some hosts decompress it themselves. */
export async function readGzip(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const sent = new Uint8Array(await response.arrayBuffer());
  const isCompressed = sent[0] === 0x1f && sent[1] === 0x8b;
  if (!isCompressed) return sent;
  const stream = new Blob([sent]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
