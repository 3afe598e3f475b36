/** Tabs with one visible panel. Arrow keys move from tab to tab. */
import type { ComponentChildren } from 'preact';
import { useId, useRef } from 'preact/hooks';

export interface Tab<T extends string> {
  key: T;
  name: string;
  panel: ComponentChildren;
}

const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

/** @param label names the tabs for screen readers */
export function Tabs<T extends string>(props: {
  label: string;
  tabs: readonly Tab<T>[];
  selected: T;
  onSelect: (key: T) => void;
}) {
  const { label, tabs, selected, onSelect } = props;
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const position = tabs.findIndex(({ key }) => key === selected);
    const last = tabs.length - 1;
    const next = Number.isFinite(step) ? (position + step + tabs.length) % tabs.length : step < 0 ? 0 : last;
    onSelect(tabs[next]!.key);
    (list.current!.children[next] as HTMLElement).focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
        {tabs.map(({ key, name }) => (
          <button
            key={key}
            id={`${id}-${key}`}
            type="button"
            role="tab"
            aria-selected={key === selected}
            aria-controls={`${id}-${key}-panel`}
            tabIndex={key === selected ? 0 : -1}
            onClick={() => onSelect(key)}
          >
            {name}
          </button>
        ))}
      </div>
      {tabs.map(({ key, panel }) => (
        <div
          key={key}
          id={`${id}-${key}-panel`}
          class="panel"
          role="tabpanel"
          aria-labelledby={`${id}-${key}`}
          hidden={key !== selected}
        >
          {panel}
        </div>
      ))}
    </>
  );
}
