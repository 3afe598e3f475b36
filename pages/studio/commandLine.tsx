/** A command to copy. */
import { useRef, useState } from 'preact/hooks';

/** Milliseconds during which a button says that it has copied. */
const COPIED_MS = 1500;

interface CommandLineProps {
  id?: string;
  command: string;
  /** Whether it is about to change (default: no). */
  isStale?: boolean;
}

export function CommandLine({ id, command, isStale = false }: CommandLineProps) {
  const [isCopied, setIsCopied] = useState(false);
  const code = useRef<HTMLElement>(null);
  const copy = async (): Promise<void> => {
    // Without the clipboard, which only some addresses have, the command is selected.
    getSelection()?.selectAllChildren(code.current!);
    await navigator.clipboard?.writeText(command);
    setIsCopied(navigator.clipboard !== undefined);
    setTimeout(() => setIsCopied(false), COPIED_MS);
  };
  return (
    <div class="command">
      <code id={id} class="grow" ref={code}>
        {command.split(/ (?=--)/u).map((part) => (
          <>
            <span>{part}</span>{' '}
          </>
        ))}
      </code>
      <button type="button" disabled={isStale} onClick={() => void copy().catch(() => undefined)}>
        {isCopied ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}
