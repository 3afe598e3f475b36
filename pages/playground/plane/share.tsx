/** Links, pictures and animations of what the page shows. */
import { download, fileName } from '../../components/files.js';
import { Menu } from '../../components/menu.js';
import { messageOf } from '../../../src/errors.js';
import { iterationOfFrame } from './protocol.js';
import { LATENT_OF, modelOf, type PlaneSettings } from './settings.js';
import type { Plane } from './usePlane.js';
import { colorsOf } from './views.js';

interface ShareProps {
  plane: Plane;
  settings: readonly PlaneSettings[];
  address: string;
  onMessage: (message: string) => void;
}

export function Share({ plane: { frame, history }, settings, address, onMessage }: ShareProps) {
  const act = (doing: string, action: () => Promise<string>): void => {
    onMessage(doing);
    action().then(onMessage, (error: unknown) => onMessage(messageOf(error)));
  };
  const name = (iteration: number): string => fileName('agenet', settings[0]!.data, 'iteration', String(iteration));
  const styles = settings.map((each) => ({
    latent: LATENT_OF[each.prior],
    isConditional: modelOf(each).isConditional,
    colorOf: colorsOf(document.body),
  }));
  const { arrows } = settings[0]!;
  const copy = async (): Promise<string> => {
    const link = new URL(address, document.baseURI).href;
    await navigator.clipboard.writeText(link).catch(() => prompt('Copy this link', link));
    return 'Link copied.';
  };
  const savePicture = async (): Promise<string> => {
    const { pictureOf } = await import('./picture.js');
    download(await pictureOf(frame!, arrows, styles), `${name(iterationOfFrame(frame!))}.png`);
    return 'Picture saved.';
  };
  const saveAnimation = async (): Promise<string> => {
    const { animationOf } = await import('./picture.js');
    download(await animationOf(history.current, arrows, styles), `${name(iterationOfFrame(frame!))}.gif`);
    return 'Animation saved.';
  };
  return (
    <div class="actions">
      <Menu label="Share">
        {() => (
          <>
            <button id="copy-link" type="button" onClick={() => act('', copy)}>
              Copy link to these settings
            </button>
            <button id="save-picture" type="button" disabled={!frame} onClick={() => act('Drawing…', savePicture)}>
              Save picture (PNG)
            </button>
            <button id="save-animation" type="button" disabled={!frame} onClick={() => act('Drawing…', saveAnimation)}>
              Save training so far (GIF)
            </button>
          </>
        )}
      </Menu>
    </div>
  );
}
