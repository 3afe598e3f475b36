import { openSource } from '../data/open.node.js';
import type { ImageSource } from '../data/source.js';
import type { Configuration } from '../training/configuration.js';
import type { TrainingEvent } from '../training/events.js';

interface ImageOptions {
  readonly strict?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: TrainingEvent) => void | Promise<void>) | undefined;
}

/** Does not wait until all images are decoded. */
export function openTrainingImages(
  { data, testFraction, evaluateEvery, ...format }: Configuration,
  { strict = false, signal, onEvent }: ImageOptions = {},
): Promise<ImageSource> {
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
