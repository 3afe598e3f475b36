/** Encodes files in a worker, because hundreds of images take longer than a frame. */
import { answerRequests, Requests, type WorkerScope } from '../../../src/web/requests.js';
import { openWorker } from '../workers.js';
import { type Animation, encodeAnimation } from './animation.js';
import { encodeGrid, type ImageGrid } from './imageGrid.js';

type FileRequest = { readonly grid: ImageGrid } | { readonly animation: Animation };

/** Encodes a file. */
export async function encodeFile(request: FileRequest): Promise<Blob> {
  const requests = new Requests<FileRequest, Blob>(openWorker('files'), 'files');
  try {
    return await requests.send(request);
  } finally {
    requests.stop();
  }
}

/** The worker's side. */
export function serveFiles(scope: WorkerScope): void {
  answerRequests<FileRequest, Blob>(
    scope,
    async (request) => ('grid' in request ? encodeGrid(request.grid) : encodeAnimation(request.animation)),
    () => [],
  );
}
