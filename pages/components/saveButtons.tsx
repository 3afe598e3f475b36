/** Buttons that save images in either format. */
import { IMAGE_FORMATS, type ImageFormat } from './imageGrid.js';

interface SaveButtonsProps {
  /** Names the group, such as "Save image". */
  label: string;
  disabled: boolean;
  onSave: (format: ImageFormat) => Promise<void>;
  onFailure: (error: unknown) => void;
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
