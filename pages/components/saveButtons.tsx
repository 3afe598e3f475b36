/** Buttons that save images in either format. */
import { IMAGE_FORMATS, type ImageFormat } from './imageGrid.js';

interface SaveButtonsProps {
  /** Names the group, such as "Save image". */
  readonly label: string;
  readonly disabled: boolean;
  readonly onSave: (format: ImageFormat) => Promise<void>;
  readonly onFailure: (error: unknown) => void;
}

export function SaveButtons({ label, disabled, onSave, onFailure }: SaveButtonsProps) {
  return (
    <div class="save" role="group" aria-label={label}>
      <span aria-hidden="true">{label}</span>
      {(Object.keys(IMAGE_FORMATS) as ImageFormat[]).map((format) => (
        <button
          key={format}
          type="button"
          disabled={disabled}
          aria-label={`${label} as ${format}`}
          onClick={() => void onSave(format).catch(onFailure)}
        >
          {format}
        </button>
      ))}
    </div>
  );
}
