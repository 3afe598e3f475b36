/** Layouts of codes, in a worker: UMAP takes seconds. */
import { mapCodes } from '../../../src/model/codeMap.js';
import { principalComponents, projectOnComponents } from '../../../src/numerics/principalComponents.js';
import { answerRequests, type WorkerScope } from '../../../src/web/requests.js';
import type { Layout, LayoutProgress, LayoutRequest } from './layoutProtocol.js';

/** Epochs between reports of progress. */
const REPORT_EVERY = 10;

export function serveLayouts(scope: WorkerScope): void {
  const lay = async ({ method, codes, latent }: LayoutRequest): Promise<Layout> => {
    const rows = { data: codes, width: latent };
    if (method === 'umap')
      return mapCodes(rows, method, 0, (done, total) => done % REPORT_EVERY === 0 && report({ done, total }));
    // The points of `mapCodes`, and the components that project other codes.
    const components = principalComponents(rows, 2);
    return { points: projectOnComponents(rows, components), components };
  };
  const report = answerRequests<LayoutRequest, Layout, LayoutProgress>(scope, lay, ({ points }) => [points.buffer]);
}
