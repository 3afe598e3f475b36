/** The walk between two images, and a button that saves its two codes. */
import { fileName } from '../../components/files.js';
import { Walk, type WalkEnds } from '../../components/walk.js';
import type { ExploredModel } from './model.js';
import { saveCodes } from './savedCodes.js';

interface WalkPanelProps {
  model: ExploredModel;
  ends: WalkEnds;
  onSide: (side: 0 | 1) => void;
  onFailure: (error: unknown) => void;
}

export function WalkPanel({ model, ends, ...handlers }: WalkPanelProps) {
  const { info, networks } = model;
  const [from, to] = ends.points;
  const save = (): void =>
    saveCodes(
      model,
      [
        { ...from!, name: 'from' },
        { ...to!, name: 'to' },
      ],
      fileName(info.name, 'walk'),
    );
  return (
    <>
      <Walk model={info} networks={networks} ends={ends} {...handlers} />
      <button id="save-ends" type="button" disabled={!from || !to} onClick={save}>
        Save both codes (JSON)
      </button>
    </>
  );
}
