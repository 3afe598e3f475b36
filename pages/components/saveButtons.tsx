/** Buttons that save images, or other things in several formats. */
import { IMAGE_FORMATS, type ImageFormat } from './imageGrid.js';

interface SaveButtonsProps<Format extends string> {
  /** Names the group, such as "Save image". */
  label: string;
  /** Default: of images. */
  formats?: readonly Format[];
  disabled: boolean;
  onSave: (format: Format) => Promise<void> | void;
  onFailure: (error: unknown) => void;
}

export function SaveButtons<Format extends string = ImageFormat>({
  label,
  formats = Object.keys(IMAGE_FORMATS) as Format[],
  disabled,
  onSave,
  onFailure,
}: SaveButtonsProps<Format>) {
  const save = async (format: Format): Promise<void> => onSave(format);
  return (
    <div class="save" role="group" aria-label={label}>
      <span aria-hidden="true">{label}</span>
      {formats.map((format) => (
        <button
          key={format}
          type="button"
          disabled={disabled}
          aria-label={`${label} as ${format}`}
          onClick={() => void save(format).catch(onFailure)}
        >
          {format}
        </button>
      ))}
    </div>
  );
}
