/** A menu that saves images, or other things, in one of several formats. */
import { IMAGE_FORMATS, type ImageFormat } from './imageGrid.js';
import { Menu } from './menu.js';

interface SaveMenuProps<Format extends string> {
  /** On the button, such as "Save image". */
  label: string;
  /** Default: of images. */
  formats?: readonly Format[];
  disabled: boolean;
  onSave: (format: Format) => Promise<void> | void;
  onFailure: (error: unknown) => void;
}

export function SaveMenu<Format extends string = ImageFormat>({
  label,
  formats = Object.keys(IMAGE_FORMATS) as Format[],
  disabled,
  onSave,
  onFailure,
}: SaveMenuProps<Format>) {
  const save = async (format: Format): Promise<void> => onSave(format);
  return (
    <Menu label={label} disabled={disabled}>
      {() =>
        formats.map((format) => (
          <button key={format} type="button" onClick={() => void save(format).catch(onFailure)}>
            As {format}
          </button>
        ))
      }
    </Menu>
  );
}
