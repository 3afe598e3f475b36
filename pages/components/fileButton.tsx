/** A button that chooses files. */
import type { ComponentChildren } from 'preact';

interface FileButtonProps {
  id: string;
  accept: string;
  title?: string;
  disabled?: boolean;
  onFiles: (files: readonly File[]) => void;
  children: ComponentChildren;
}

export const FileButton = ({ id, accept, title, disabled = false, onFiles, children }: FileButtonProps) => (
  <label class="button file" title={title} aria-disabled={disabled}>
    {children}
    <input
      id={id}
      class="hidden"
      type="file"
      multiple
      accept={accept}
      disabled={disabled}
      onChange={({ currentTarget }) => {
        const files = Array.from(currentTarget.files ?? []);
        // The same file can then be chosen again.
        currentTarget.value = '';
        if (files.length > 0) onFiles(files);
      }}
    />
  </label>
);
