/** Actions behind a button, in a popover of the browser: it closes with Escape, and with a click anywhere else. */
import type { ComponentChildren } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';

interface MenuProps {
  /** Shown on the button. */
  label: ComponentChildren;
  /** For screen readers, if the label is a symbol. */
  name?: string;
  class?: string;
  disabled?: boolean;
  /** Stays open after a click in it, for several choices. */
  staysOpen?: boolean;
  /** Buttons, links or labels, made when the menu first opens. */
  children: () => ComponentChildren;
}

export function Menu({ label, name, class: style = '', disabled = false, staysOpen = false, children }: MenuProps) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button
        type="button"
        class={style}
        disabled={disabled}
        popovertarget={id}
        aria-label={name}
        aria-expanded={isOpen}
      >
        {label}
      </button>
      <div
        id={id}
        ref={list}
        class="menu"
        popover="auto"
        onBeforeToggle={({ newState }) => setIsOpen(newState === 'open')}
        onClick={() => !staysOpen && list.current!.hidePopover()}
      >
        {isOpen && children()}
      </div>
    </>
  );
}
