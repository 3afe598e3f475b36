/** The selected image with its code, and buttons that save both. */
import { fileName } from '../../components/files.js';
import { saveImages } from '../../components/imageGrid.js';
import { CodeBars, ImageCanvas } from '../../components/images.js';
import { SaveButtons } from '../../components/saveButtons.js';
import type { ExploredModel } from './model.js';
import { saveCodes } from './savedCodes.js';
import type { NamedPoint } from './selection.js';

interface SelectedImageProps {
  model: ExploredModel | undefined;
  point: NamedPoint | undefined;
  onFailure: (error: unknown) => void;
}

export function SelectedImage({ model, point, onFailure }: SelectedImageProps) {
  const name = point && model ? fileName(model.info.name, point.name) : '';
  return (
    <aside class="selected" aria-labelledby="selected-heading">
      <h2 id="selected-heading">Selected image</h2>
      <div class="selected-image">
        {point && model && (
          <ImageCanvas
            id="selected"
            image={point.image}
            shape={model.info.shape}
            role="img"
            label={`Selected: ${point.name}`}
          />
        )}
      </div>
      <div class="selected-facts">
        <p class="selected-name" aria-live="polite" title={point?.name}>
          {point?.name}
        </p>
        <div class="selected-code">{point && <CodeBars code={point.code} />}</div>
        <SaveButtons
          label="Save image"
          disabled={!point}
          onFailure={onFailure}
          onSave={(format) => saveImages([point!.image], model!.info.shape, format, name)}
        />
        <div class="save">
          <span>Save code</span>
          <button
            type="button"
            disabled={!point}
            aria-label="Save code as JSON"
            onClick={() => saveCodes(model!, [point!], name)}
          >
            JSON
          </button>
        </div>
      </div>
    </aside>
  );
}
