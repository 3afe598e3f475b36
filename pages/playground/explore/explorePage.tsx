/** Samples, reconstructions and walks of a trained model. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Explorer, Skeleton } from '../../components/explorer.js';
import { FileButton } from '../../components/fileButton.js';
import { messageOf } from '../../../src/errors.js';
import type { PageProps } from '../page.js';
import { bundledModel, type ExploredModel, type LoadedModel, loadModel, readModelFile } from './models.js';

const MODEL_FILE = /\.(?:safetensors|js)$/u;

/** Counts the models, so that each has its own explorer. */
let shown = 0;

export function ExplorePage({ model: given }: PageProps) {
  const [loaded, setLoaded] = useState<LoadedModel & { key: number }>();
  const [status, setStatus] = useState({ text: '', failed: false });
  const current = useRef<{ release: () => void; latest: number }>({ release: () => undefined, latest: 0 });
  const fail = (error: unknown): void => setStatus({ text: messageOf(error), failed: true });
  /** Shows a model once it is loaded. If it cannot be loaded, the one before stays. */
  const show = async (read: () => Promise<ExploredModel>): Promise<void> => {
    const number = ++current.current.latest;
    setStatus({ text: 'Loading the model…', failed: false });
    try {
      const next = await loadModel(await read());
      if (number !== current.current.latest) return next.release();
      current.current.release();
      current.current.release = next.release;
      setLoaded({ ...next, key: ++shown });
      setStatus({ text: '', failed: false });
    } catch (error) {
      if (number === current.current.latest) fail(error);
    }
  };
  useEffect(() => void show(() => (given ? Promise.resolve(given) : bundledModel())), [given]);
  useEffect(
    () => () => {
      current.current.latest++;
      current.current.release();
    },
    [],
  );
  const open = (file: File | undefined): void => {
    if (file) void show(() => readModelFile(file));
  };
  useLayoutEffect(() => {
    // Before the explorer takes it for an image.
    const onDrop = (event: DragEvent): void => {
      const file = Array.from(event.dataTransfer?.files ?? []).find(({ name }) => MODEL_FILE.test(name));
      if (!file) return;
      event.preventDefault();
      event.stopPropagation();
      open(file);
    };
    document.addEventListener('drop', onDrop, true);
    return () => document.removeEventListener('drop', onDrop, true);
  }, []);
  return (
    <div class="explore page">
      <header class="head">
        <h1>
          Explore <span id="model-name">{loaded?.info.name}</span>
        </h1>
        <p id="status" role="status" class={`grow ${status.failed ? 'failed' : 'hint'}`}>
          {status.text || loaded?.info.summary}
        </p>
        <FileButton
          id="model-file"
          accept=".safetensors,.js"
          title="A checkpoint (.safetensors), or model.js of an exported page; you can also drop it"
          onFiles={([file]) => open(file)}
        >
          Open a model
        </FileButton>
      </header>
      {loaded ? (
        <Explorer key={loaded.key} model={loaded.info} networks={loaded.networks} onFailure={fail} />
      ) : (
        !status.failed && <Skeleton />
      )}
    </div>
  );
}
