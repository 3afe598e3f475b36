/** Buttons that save images in either format. */
import type { ComponentChildren } from 'preact';
import { IMAGE_FORMATS, type ImageFormat } from './imageGrid.js';

interface SaveButtonsProps {
  /** What is saved, such as "Save image". */
  readonly label: string;
  readonly disabled: boolean;
  readonly onSave: (format: ImageFormat) => void;
  readonly children?: ComponentChildren;
}

export function SaveButtons({ label, disabled, onSave, children }: SaveButtonsProps) {
  return (
    <div class="save" role="group" aria-label={label}>
      <span aria-hidden="true">{label}</span>
      {(Object.keys(IMAGE_FORMATS) as ImageFormat[]).map((format) => (
        <button
          key={format}
          type="button"
          disabled={disabled}
          aria-label={`${label} as ${format}`}
          onClick={() => onSave(format)}
        >
          {format}
        </button>
      ))}
      {children}
    </div>
  );
}
