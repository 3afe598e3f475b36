/** Dialogs of the browser, which keep the focus within and return it. Escape and a click beside them close them. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../src/errors.js';

interface DialogProps {
  title: string;
  /** Takes the whole window. */
  isWide?: boolean;
  onClose: () => void;
  children: ComponentChildren;
}

/** Open as long as it is part of the page. */
export function Dialog({ title, isWide = false, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const opened = dialog.current!;
    opened.showModal();
    return () => opened.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      class={isWide ? 'wide' : ''}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={({ target, currentTarget }) => target === currentTarget && onClose()}
    >
      <div class="dialog-content">
        <header class="toolbar row between">
          <h2 id={id}>{title}</h2>
          <button type="button" class="quiet" aria-label="Close" onClick={onClose}>
            ✕
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

interface QuestionProps {
  title: string;
  /** What happens, also to what is lost. */
  children: ComponentChildren;
  /** Names the dangerous button. */
  action: string;
  onAction: () => void;
  onClose: () => void;
}

/** Asks before something is lost. The safe answer has the focus. */
export const Question = ({ title, children, action, onAction, onClose }: QuestionProps) => (
  <Dialog title={title} onClose={onClose}>
    {children}
    <div class="buttons answers">
      <button type="button" autofocus onClick={onClose}>
        Cancel
      </button>
      <button
        type="button"
        class="dangerous"
        onClick={() => {
          onClose();
          onAction();
        }}
      >
        {action}
      </button>
    </div>
  </Dialog>
);

interface FormDialogProps {
  title: string;
  /** Fields with labels. */
  children: ComponentChildren;
  /** Names the button. */
  action: string;
  onAction: () => Promise<unknown>;
  onClose: () => void;
}

/** Closes after its action, and stays open with the reason if the action is refused. */
export function FormDialog({ title, children, action, onAction, onClose }: FormDialogProps) {
  const [problem, setProblem] = useState('');
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        class="asked"
        onSubmit={(event) => {
          event.preventDefault();
          onAction().then(onClose, (error: unknown) => setProblem(messageOf(error)));
        }}
      >
        {children}
        <p class="failed" role="alert">
          {problem}
        </p>
        <div class="buttons answers">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary">
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
