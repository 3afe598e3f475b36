/** Where visitors drop image files, on the whole page. */
import { useLayoutEffect, useState } from 'preact/hooks';
import { FileButton } from './fileButton.js';

/** Receives the files that are dropped on the page or pasted. */
export function useDroppedFiles(onFiles: (files: readonly File[]) => void): void {
  // Listeners change before the next event: an effect would wait for the next frame, and call an older function.
  useLayoutEffect(() => {
    const onDrop = (event: DragEvent): void => onFiles(Array.from(event.dataTransfer?.files ?? []));
    const onPaste = (event: ClipboardEvent): void => onFiles(Array.from(event.clipboardData?.files ?? []));
    document.addEventListener('drop', onDrop);
    document.addEventListener('paste', onPaste);
    return () => {
      document.removeEventListener('drop', onDrop);
      document.removeEventListener('paste', onPaste);
    };
  });
}

interface DropAreaProps {
  disabled: boolean;
  onFiles: (files: readonly File[]) => void;
  children?: preact.ComponentChildren;
}

/** Marks itself while files are dragged over it. */
export function DropArea({ disabled, onFiles, children }: DropAreaProps) {
  const [isOver, setIsOver] = useState(false);
  return (
    <div
      id="drop"
      class={isOver ? 'over' : ''}
      onDragEnter={() => setIsOver(true)}
      onDragLeave={({ currentTarget, relatedTarget }) =>
        setIsOver(currentTarget.contains(relatedTarget as Node | null))
      }
      onDrop={() => setIsOver(false)}
    >
      <p>Drop or paste images here.</p>
      <p class="toolbar">
        <FileButton id="files" accept="image/*" disabled={disabled} onFiles={onFiles}>
          Choose images
        </FileButton>
        {children}
      </p>
    </div>
  );
}
