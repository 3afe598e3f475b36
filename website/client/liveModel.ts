/** The models of the home page, which load and compute in the visitor's browser. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ModelInfo, Networks, Point, Runtime } from '../../pages/components/networks.js';
import type { PageModel } from '../../src/export/pageModel.js';

const COUNT = 16;

export interface LiveModel {
  name: string;
  /** Of the JSON of a `PageModel`. */
  address: string;
  /** Shown until samples are computed. */
  picture?: { src: string; alt: string };
}

interface Loaded {
  info: ModelInfo;
  networks: Networks;
}

/** The parts that need ONNX Runtime, which load when they are used. */
const loadParts = async () => {
  const [networks, density, random] = await Promise.all([
    import('../../pages/components/networks.js'),
    import('../../src/density/codeDensity.js'),
    import('../../src/random.js'),
  ]);
  return { ...networks, ...density, ...random };
};

async function load({ address }: LiveModel, runtime: Runtime): Promise<Loaded> {
  const [{ loadNetworks }, response] = await Promise.all([loadParts(), fetch(address)]);
  if (!response.ok) throw new Error(`${address} cannot be loaded`);
  const { networks, ...info } = (await response.json()) as PageModel;
  return { info, networks: await loadNetworks({ networks, ...info }, runtime) };
}

/** Draws the samples of `agenet sample` for a seed. */
async function draw({ networks }: Loaded, seed: number): Promise<{ points: readonly Point[]; seconds: number }> {
  const { drawSampleCodes, randomStream, sampleOf } = await loadParts();
  const { source } = networks;
  const { latentSize } = source;
  const start = performance.now();
  const codes = drawSampleCodes(source, COUNT, randomStream(seed, 'samples'), undefined);
  const points: Point[] = [];
  for (let index = 0; index < COUNT; index++)
    points.push(await sampleOf(networks, codes.slice(index * latentSize, (index + 1) * latentSize), {}));
  return { points, seconds: (performance.now() - start) / 1000 };
}

/** The samples of a model for a seed. They are undefined until they are computed. */
export function useSamples(model: LiveModel, seed: number, isStarted: boolean, runtime: Runtime) {
  const [shown, setShown] = useState<Loaded & { model: LiveModel; points: readonly Point[] }>();
  const [status, setStatus] = useState('');
  const cache = useRef(new Map<LiveModel, Promise<Loaded>>());
  useEffect(() => {
    if (!isStarted) return;
    let isLatest = true;
    const show = async (): Promise<void> => {
      let loading = cache.current.get(model);
      if (!loading) {
        setStatus('Loading the networks…');
        loading = load(model, runtime);
        cache.current.set(model, loading);
      }
      const loaded = await loading;
      const { points, seconds } = await draw(loaded, seed);
      if (!isLatest) return;
      setShown({ ...loaded, model, points });
      setStatus(`${COUNT} samples, computed by this page in ${seconds.toFixed(2)} s`);
    };
    show().catch(() => {
      cache.current.delete(model);
      if (isLatest) setStatus('The networks cannot run here. This picture was computed before.');
    });
    return () => (isLatest = false);
  }, [model, seed, isStarted]);
  return { samples: shown?.model === model ? shown : undefined, status };
}
