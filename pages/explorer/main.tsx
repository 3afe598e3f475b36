/** The page of an export. */
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { PageGlobals } from '../../src/export/pageModel.js';
import { Explorer } from '../components/explorer.js';
import { keepFiles } from '../components/files.js';
import { loadNetworks, type Networks, unpack } from '../components/networks.js';
import { messageOf } from '../../src/errors.js';

const { agenetModel: model, agenetRuntime: runtime } = globalThis as Partial<PageGlobals>;

function Page() {
  const [networks, setNetworks] = useState<Networks>();
  const [status, setStatus] = useState({ text: 'Loading the networks…', failed: false });
  const fail = (error: unknown): void => setStatus({ text: messageOf(error), failed: true });
  useEffect(() => {
    const load = async (): Promise<void> => {
      if (!model || !runtime)
        throw new Error('model.js or runtime.js is missing beside this page; copy the whole folder');
      setNetworks(await loadNetworks(model, { wasmBinary: await unpack(runtime) }));
    };
    load().catch(fail);
  }, []);
  return (
    <>
      <header class="explore-header row">
        <h1 id="name">{model?.name ?? document.title}</h1>
        <p id="status" role="status" class={`grow ${status.failed ? 'failed' : 'meaning'}`}>
          {status.text || model?.summary}
        </p>
      </header>
      <main>
        {model && (
          <Explorer
            model={model}
            networks={networks}
            onReady={() => setStatus({ text: '', failed: false })}
            onFailure={fail}
          />
        )}
      </main>
    </>
  );
}

keepFiles();
if (model) document.title = model.name;
render(<Page />, document.body);
