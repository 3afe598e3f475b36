/** The favorites of a run. */
import { encodeAnimation } from '../animation.js';
import { download, fileName } from '../files.js';
import { saveImages } from '../imageGrid.js';
import { ImageCanvas } from '../images.js';
import { SaveMenu } from '../saveMenu.js';
import { useImage } from './explored.js';
import type { Favorite } from './favorites.js';
import { FRAME_MS, imagesOnPath } from './mix.js';
import type { ExplorableModel, ExplorePanelProps } from './panel.js';
import { CODE_FORMATS, saveCodes } from './savedCodes.js';
import { Star } from './star.js';

/** Images of a saved animation from one favorite to the next. */
const FRAMES = 13;

export function FavoritesPanel({ model, favorites, select, onFailure }: ExplorePanelProps) {
  const { info, networks } = model;
  const { list } = favorites;
  const name = fileName(info.name, `${list.length} favorites`);
  const imagesOf = async (): Promise<Float32Array[]> => {
    const images: Float32Array[] = [];
    for (const each of list) images.push(await networks.generate(each));
    return images;
  };
  const saveWalk = async (): Promise<void> => {
    const frames: Float32Array[] = [];
    // From the oldest to the newest, each once.
    const codes = [...list].reverse();
    for (const [index, code] of codes.slice(1).entries())
      frames.push(...(await imagesOnPath(model, [codes[index]!, code], FRAMES)).slice(index === 0 ? 0 : 1));
    download(await encodeAnimation(frames, info.shape, FRAME_MS), `${name}.gif`);
  };
  return (
    <section class="favorites" aria-label="Favorites">
      {list.length === 0 && (
        <p class="meaning empty" id="no-favorites">
          Press the star of a sample, or of the selected image. This browser keeps favorites of each run.
        </p>
      )}
      <div id="favorites" class="tiles scroll">
        {list.map((favorite) => (
          <div key={favorite.code} class="place">
            <FavoriteTile model={model} favorite={favorite} onSelect={() => select(favorite)} onFailure={onFailure} />
            <Star code={favorite} favorites={favorites} />
          </div>
        ))}
      </div>
      <div class="toolbar">
        <SaveMenu
          label="Save grid"
          disabled={list.length === 0}
          onFailure={onFailure}
          onSave={async (format) => saveImages(await imagesOf(), info.shape, format, name)}
        />
        <SaveMenu
          label="Save codes"
          formats={CODE_FORMATS}
          disabled={list.length === 0}
          onFailure={onFailure}
          onSave={(format) => saveCodes(model, list, format, name)}
        />
        <button
          type="button"
          id="save-favorites-walk"
          disabled={list.length < 2}
          onClick={() => void saveWalk().catch(onFailure)}
        >
          Save walk (GIF)
        </button>
      </div>
    </section>
  );
}

interface FavoriteTileProps {
  model: ExplorableModel;
  favorite: Favorite;
  onSelect: () => void;
  onFailure: (error: unknown) => void;
}

function FavoriteTile({ model, favorite, onSelect, onFailure }: FavoriteTileProps) {
  const { step, name } = favorite;
  const label = step === undefined || step === model.step ? name : `${name}, iteration ${step}`;
  return (
    <button type="button" class="tile" aria-label={label} title={label} onClick={onSelect}>
      <ImageCanvas image={useImage(model.networks, favorite, onFailure)} shape={model.info.shape} />
    </button>
  );
}
