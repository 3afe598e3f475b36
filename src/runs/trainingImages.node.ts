import { openSource } from '../data/open.node.js';
import type { ImageSource } from '../data/source.js';
import type { Configuration } from '../training/configuration.js';
import type { TrainingEvent } from '../training/events.js';

export interface ImageOptions {
  /** Whether to fail at the first image that cannot be decoded, instead of skipping it (default: false). */
  readonly strict?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: TrainingEvent) => void | Promise<void>) | undefined;
}

/**
 * Opens the images of a configuration without waiting for all of them to be decoded.
 * @throws {InputError} as `openSource`
 */
export function openTrainingImages(
  { data, testFraction, evaluateEvery, ...format }: Configuration,
  options: ImageOptions = {},
): Promise<ImageSource> {
  const { strict = false, signal, onEvent } = options;
  return openSource(data, format, {
    testFraction,
    strict,
    streaming: true,
    onWarning: (message) => void onEvent?.({ type: 'warning', message }),
    onProgress: (done, total, skipped) => void onEvent?.({ type: 'decoding', done, total, skipped }),
    // An iteration that is finished after an abort may need images that are not decoded yet.
    ...(signal && (strict || evaluateEvery > 0) ? { signal } : {}),
  });
}
