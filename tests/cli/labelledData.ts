import { writeFileSync } from 'node:fs';
import { npzArchive } from '../npzArchive.js';
import { randomStream } from '../../src/random.js';

/**
 * Writes an archive of grayscale 32x32 noise images in three classes, each around a different level: `images` [count,
 * 32, 32, 1] and, if they are wanted, `labels`.
 */
export function writeNoiseArchive(path: string, count: number, { labelled = true } = {}): void {
  const stream = randomStream(4, 'noise archive');
  const labels = Uint8Array.from({ length: count }, (_, index) => index % 3);
  const pixels = Uint8Array.from(
    { length: count * 1024 },
    (_, index) => 60 * labels[Math.floor(index / 1024)]! + stream.below(120),
  );
  const images = { shape: [count, 32, 32, 1], data: pixels };
  writeFileSync(path, npzArchive(labelled ? { images, labels: { shape: [count], data: labels } } : { images }));
}
