/** The walk between two images, and buttons that save it. */
import { useState } from 'preact/hooks';
import { download } from '../../components/files.js';
import { codeOnWalk, Walk, type WalkEnds } from '../../components/walk.js';
import { encodeFile } from './fileWorker.js';
import type { ExploredModel } from './model.js';
import { fileName, saveCodes } from './saving.js';

/** Images from one end to the other, and milliseconds per image. */
const [FRAMES, DELAY_MS] = [25, 80];

interface WalkPanelProps {
  readonly model: ExploredModel;
  readonly ends: WalkEnds;
  readonly onSide: (side: 0 | 1) => void;
  readonly onFailure: (error: unknown) => void;
}

export function WalkPanel({ model, ends, onSide, onFailure }: WalkPanelProps) {
  const [progress, setProgress] = useState('');
  const { info, networks } = model;
  const [from, to] = ends.points;
  const isReady = from !== undefined && to !== undefined;
  const save = async (): Promise<void> => {
    const frames: Float32Array[] = [];
    for (let frame = 0; frame < FRAMES; frame++) {
      setProgress(`Image ${frame + 1} of ${FRAMES}`);
      frames.push(await networks.generate(codeOnWalk(info.prior, from!, to!, frame / (FRAMES - 1))));
    }
    // There and back, so that it repeats without a jump; the ends are not shown twice.
    const file = await encodeFile({
      animation: { frames: [...frames, ...frames.slice(1, -1).reverse()], shape: info.shape, delay: DELAY_MS },
    });
    download(file, `${fileName(info.name, 'walk')}.gif`);
  };
  return (
    <>
      <Walk model={info} networks={networks} ends={ends} onSide={onSide} onFailure={onFailure} />
      <div class="toolbar">
        <button
          id="save-walk"
          type="button"
          disabled={!isReady || progress !== ''}
          onClick={() =>
            void save()
              .catch(onFailure)
              .finally(() => setProgress(''))
          }
        >
          Save animation (GIF)
        </button>
        <button
          id="save-ends"
          type="button"
          disabled={!isReady}
          onClick={() =>
            saveCodes(
              model,
              [
                { ...from!, name: 'from' },
                { ...to!, name: 'to' },
              ],
              fileName(info.name, 'walk'),
            )
          }
        >
          Save both codes (JSON)
        </button>
        <span role="status">{progress}</span>
      </div>
    </>
  );
}
