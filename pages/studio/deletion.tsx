/** A button that deletes something after a question. */
import { useEffect, useRef, useState } from 'preact/hooks';

interface DeletionProps {
  id: string;
  label: string;
  question: string;
  onDelete: () => void;
}

export function Deletion({ id, label, question, onDelete }: DeletionProps) {
  const [isAsked, setIsAsked] = useState(false);
  const keep = useRef<HTMLButtonElement>(null);
  const ask = useRef<HTMLButtonElement>(null);
  const wasAsked = useRef(false);
  useEffect(() => {
    if (isAsked) keep.current?.focus();
    else if (wasAsked.current) ask.current?.focus();
    wasAsked.current = isAsked;
  }, [isAsked]);
  if (!isAsked)
    return (
      <button id={id} ref={ask} type="button" onClick={() => setIsAsked(true)}>
        {label}
      </button>
    );
  return (
    <span role="alert" class="confirmation" onKeyDown={({ key }) => key === 'Escape' && setIsAsked(false)}>
      {question}{' '}
      <button id={`confirm-${id}`} type="button" class="dangerous" onClick={onDelete}>
        Delete
      </button>{' '}
      <button ref={keep} type="button" onClick={() => setIsAsked(false)}>
        Keep
      </button>
    </span>
  );
}
