/** Samples, reconstructions and walks of a trained model. */
import { useEffect, useState } from 'preact/hooks';
import { Explorer } from '../../components/explorer.js';
import { messageOf } from '../../components/reconstructions.js';
import type { PageProps } from '../app.js';
import { bundledModel, type ExploredModel, type LoadedModel, loadModel, readModelFile } from './models.js';

export function ExplorePage({ model: given, onExplore }: PageProps) {
  const [loaded, setLoaded] = useState<LoadedModel>();
  const [status, setStatus] = useState({ text: 'Loading the model…', failed: false });
  const fail = (error: unknown): void => setStatus({ text: messageOf(error), failed: true });
  useEffect(() => {
    let isLatest = true;
    let release = (): void => undefined;
    const load = async (): Promise<void> => {
      const next = await loadModel(given ?? (await bundledModel()));
      if (!isLatest) return next.release();
      ({ release } = next);
      setLoaded(next);
      setStatus({ text: '', failed: false });
    };
    setStatus({ text: 'Loading the model…', failed: false });
    load().catch(fail);
    return () => {
      isLatest = false;
      release();
    };
  }, [given]);
  const open = (file: File | undefined): void => {
    if (file) readModelFile(file).then((model: ExploredModel) => onExplore(model), fail);
  };
  return (
    <div class="explore">
      <p>
        <strong id="model-name">{loaded?.info.name}</strong> {loaded?.info.summary}
      </p>
      <p>
        <label>
          Open a checkpoint (.safetensors), or model.js of an exported page:{' '}
          <input id="model-file" type="file" accept=".safetensors,.js" onChange={({ currentTarget }) => open(currentTarget.files?.[0])} />
        </label>
      </p>
      <p id="status" role="status" class={status.failed ? 'failed' : ''}>
        {status.text}
      </p>
      {loaded && <Explorer key={loaded.info.name} model={loaded.info} networks={loaded.networks} canDraw={loaded.info.shape[0] === 1} onFailure={fail} />}
    </div>
  );
}
