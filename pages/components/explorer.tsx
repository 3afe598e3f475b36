/** Samples, reconstructions of the visitor's images, and walks between both. */
import { useState } from 'preact/hooks';
import { Completions } from './completions.js';
import { isCompleting } from './conditions.js';
import type { ModelInfo, Networks, Point } from './networks.js';
import { Samples } from './samples.js';
import { VisitorImages } from './visitorImages.js';
import { select, Walk, type WalkEnds } from './walk.js';

interface ExplorerProps {
  model: ModelInfo;
  /** Undefined while they are loaded. */
  networks: Networks | undefined;
  /** Called when the first samples are shown. */
  onReady?: () => void;
  onFailure: (error: unknown) => void;
}

export function Explorer({ model, networks, onReady, onFailure }: ExplorerProps) {
  const [ends, setEnds] = useState<WalkEnds>({ points: [undefined, undefined], side: 0 });
  const onSelect = (point: Point): void => setEnds((before) => select(before, point));
  const onFirst = ([first, second]: readonly Point[]): void => {
    // The visitor may have selected something already.
    setEnds((before) => (before.points.some((point) => point) ? before : { points: [first, second], side: 0 }));
    onReady?.();
  };
  const shared = { model, networks, onSelect, onFailure };
  if (isCompleting(model))
    return <Completions model={model} networks={networks} onReady={onReady} onFailure={onFailure} />;
  return (
    <>
      <Samples {...shared} onFirst={onFirst} />
      <VisitorImages {...shared} />
      <Walk
        model={model}
        networks={networks}
        ends={ends}
        onSide={(side) => setEnds((before) => ({ ...before, side }))}
        onFailure={onFailure}
      />
    </>
  );
}
