/** The page of an export: samples, reconstructions of the visitor's images, and walks between both. */
import type { PageGlobals } from '../../src/export/pageModel.js';
import { find, report, reportFailure } from './elements.js';
import { loadNetworks } from './networks.js';
import { acceptImages, keepFiles } from './reconstructions.js';
import { reserveSamples, showSamples } from './samples.js';
import { createWalk } from './walkPanel.js';

async function start(): Promise<void> {
  const { agenetModel: model, agenetRuntime: runtime } = globalThis as Partial<PageGlobals>;
  if (!model || !runtime) throw new Error('model.js or runtime.js is missing beside this page; copy the whole folder');
  find('name').textContent = document.title = model.name;
  find('summary').textContent = model.summary;
  keepFiles();
  reserveSamples();
  const networks = await loadNetworks(model, runtime);
  const walkTo = createWalk(model, networks);
  await showSamples(model, networks, walkTo);
  acceptImages(model, networks, walkTo);
  report('');
}

start().catch(reportFailure);
