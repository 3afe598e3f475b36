/** The selected image with its code, and what can be done with both. */
import { fileName } from '../files.js';
import { saveImages } from '../imageGrid.js';
import { CodeBars, ImageCanvas } from '../images.js';
import { SaveMenu } from '../saveMenu.js';
import type { NamedCode } from './explored.js';
import type { Favorites } from './favorites.js';
import type { ExplorableModel } from './panel.js';
import { CODE_FORMATS, saveCodes } from './savedCodes.js';
import { Star } from './star.js';
import { asPercent, useTypicality } from './typicality.js';

interface SelectedImageProps {
  model: ExplorableModel;
  point: NamedCode | undefined;
  image: Float32Array | undefined;
  favorites: Favorites;
  /** Undefined if nothing can be undone or redone. */
  undo: (() => void) | undefined;
  redo: (() => void) | undefined;
  onFailure: (error: unknown) => void;
}

export function SelectedImage({ model, point, image, favorites, undo, redo, onFailure }: SelectedImageProps) {
  const { info, networks } = model;
  const name = point ? fileName(info.name, point.name) : '';
  return (
    <section class="card selection-panel" aria-labelledby="selected-heading">
      <h2 id="selected-heading" class="hidden">
        Selected image
      </h2>
      <div class="selected-image frame">
        {point && (
          <ImageCanvas id="selected" image={image} shape={info.shape} role="img" label={`Selected: ${point.name}`} />
        )}
      </div>
      <div class="selected-facts">
        <p class="selected-name ellipsis capital" aria-live="polite" title={point?.name}>
          {point?.name}
        </p>
        <TypicalityMeter model={model} point={point} />
        <div class="meter">
          <span>Code</span>
          <div class="selected-code">{point && <CodeBars code={point.code} />}</div>
        </div>
        <div class="row">
          <button type="button" id="undo" disabled={!undo} title="Undo (Ctrl+Z)" onClick={undo}>
            Undo
          </button>
          <button type="button" id="redo" disabled={!redo} title="Redo (Ctrl+Shift+Z)" onClick={redo}>
            Redo
          </button>
          <Star code={point} favorites={favorites} hasText />
        </div>
        <div class="saving row">
          <SaveMenu
            label="Save image"
            disabled={!point}
            onFailure={onFailure}
            onSave={async (format) => saveImages([await networks.generate(point!)], info.shape, format, name)}
          />
          <SaveMenu
            label="Save code"
            formats={CODE_FORMATS}
            disabled={!point}
            onFailure={onFailure}
            onSave={(format) => saveCodes(model, [point!], format, name)}
          />
        </div>
      </div>
    </section>
  );
}

/** Nothing without a density. Its line is reserved until it is fitted. */
function TypicalityMeter({ model: { networks }, point }: Pick<SelectedImageProps, 'model' | 'point'>) {
  const typicality = useTypicality(networks.source, point?.condition);
  if (!networks.source.density) return null;
  const share = point && typicality?.(point.code);
  const text = share === undefined ? '' : asPercent(share);
  return (
    <p class="meter" title="The share of samples whose codes are less probable: 50% is usual, 0% unlike all images">
      <span>Typicality</span>
      <span class="bar" aria-hidden="true">
        <span style={{ width: text || '0' }} />
      </span>
      <span id="typicality">{text}</span>
    </p>
  );
}
