/// <reference types="vite/client" />
/** The view of the studio that explores a model, alone, with the files of its folder. Bundled for Chromium. */
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import '../../../pages/components/design.css';
import '../../../pages/components/page.css';
import '../../../pages/studio/studio.css';
import type { ExploreData } from '../../../pages/studio/explore/data.js';
import { ExplorePage } from '../../../pages/studio/explore/explorePage.js';

const load = async (file: string): Promise<Response> => {
  const response = await fetch(new URL(`data/${file}`, document.baseURI));
  if (!response.ok) throw new Error(`${file}: not found`);
  return response;
};
const loadBytes = async (file: string): Promise<Uint8Array> => new Uint8Array(await (await load(file)).arrayBuffer());

const { name, data } = Object.fromEntries(new URLSearchParams(location.search));
const source = {
  name: name ?? 'test-1, iteration 3',
  run: `run of ${data}`,
  loadCheckpoint: () => loadBytes(`${data}.safetensors`),
  loadData: async (): Promise<ExploreData> => ({
    images: await loadBytes(`${data}.bytes`),
    ...((await (await load(`${data}.json`)).json()) as Omit<ExploreData, 'images'>),
  }),
};

function Harness() {
  const [query, setQuery] = useState(location.hash.slice(1));
  useEffect(() => addEventListener('hashchange', () => setQuery(location.hash.slice(1))), []);
  const onQuery = (next: string): void => {
    history.replaceState(null, '', `#${next}`);
    setQuery(next);
  };
  return (
    <ExplorePage source={source} query={query} onQuery={onQuery}>
      <h1>Explore</h1>
    </ExplorePage>
  );
}

const place = document.createElement('div');
document.querySelector('main')!.append(place);
render(<Harness />, place);
