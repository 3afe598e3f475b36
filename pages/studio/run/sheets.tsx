/** Previews over the iterations of a run, and the difference between two iterations. */
import { useEffect, useState } from 'preact/hooks';
import type { Prior } from '../../../src/age/prior.js';
import { Segments } from '../../components/controls.js';
import { Dialog } from '../../components/dialog.js';
import { queryValue } from '../address.js';
import { previewAddress } from '../api.js';
import { formatNumber } from '../format.js';
import { Preview } from '../preview.js';
import { CodeView } from './codeView.js';

const KINDS = { samples: 'Samples', reconstructions: 'Reconstructions', codes: 'Codes' } as const;
type Kind = keyof typeof KINDS;

const MEANINGS: Record<Kind, string> = {
  samples: 'The generator maps the same random codes to images at every iteration.',
  reconstructions: 'Test images, each with its reconstruction to its right.',
  codes: 'Codes of test images, seen along the two directions in which they vary most.',
};

interface SheetsProps {
  query: string;
  onQuery: (query: string) => void;
  run: string;
  prior: Prior;
  /** Iterations with previews, ascending. */
  previews: readonly number[];
  /** Whether there is no preview, not even one that is still to be read. */
  isEmpty: boolean;
  /** Whether the studio offers the data. */
  hasData: boolean;
}

export function Sheets({ query, onQuery, run, prior, previews, isEmpty, hasData }: SheetsProps) {
  const [chosenKind, setKind] = queryValue(query, onQuery, 'preview', 'samples');
  const kind: Kind = Object.hasOwn(KINDS, chosenKind) ? (chosenKind as Kind) : 'samples';
  // Without an iteration, the newest is followed.
  const [chosen, setChosen] = queryValue(query, onQuery, 'iteration');
  const [difference, setDifference] = queryValue(query, onQuery, 'difference');
  const other = difference === '' ? undefined : Number(difference);
  const [playing, setPlaying] = useState(false);
  const [isLarge, setIsLarge] = useState(false);
  const position = chosen === '' ? previews.length - 1 : Math.max(0, previews.indexOf(Number(chosen)));
  const step = previews[position];
  const choose = (at: number): void => setChosen(at === previews.length - 1 ? '' : String(previews[at]));
  const sheet = kind !== 'codes' && <Sheet run={run} kind={kind} step={step} other={other} isEmpty={isEmpty} />;
  usePlaying(playing, position, previews.length, (next) => {
    choose(next);
    if (next === previews.length - 1) setPlaying(false);
  });
  return (
    <section aria-labelledby="sheets-heading">
      <div class="section-header row between">
        <h2 id="sheets-heading">Previews</h2>
        <Segments label="Kind of preview" names={KINDS} chosen={kind} onChoose={setKind} />
      </div>
      <div class="timeline toolbar">
        <button
          type="button"
          aria-label={playing ? 'Stop the previews' : 'Play the previews'}
          disabled={previews.length < 2}
          onClick={() => setPlaying(!playing)}
        >
          {playing ? 'Stop' : 'Play'}
        </button>
        <input
          id="preview-time"
          class="grow"
          type="range"
          min="0"
          max={Math.max(0, previews.length - 1)}
          value={position}
          aria-label="Iteration of the preview"
          aria-valuetext={step === undefined ? 'No preview yet' : `Iteration ${formatNumber(step)}`}
          disabled={previews.length < 2}
          onInput={({ currentTarget }) => choose(currentTarget.valueAsNumber)}
        />
        <output>{step !== undefined && `Iteration ${formatNumber(step)}${chosen === '' ? ' (newest)' : ''}`}</output>
      </div>
      {sheet || <CodeView run={run} hasData={hasData} prior={prior} step={step} newest={previews.at(-1)} />}
      <p class="meaning">{MEANINGS[kind]}</p>
      {sheet && (
        <div class="row between">
          <label class="toolbar">
            Difference to
            <select value={difference} onChange={({ currentTarget }) => setDifference(currentTarget.value)}>
              <option value="">None</option>
              {previews.map((each) => (
                <option key={each} value={each}>
                  Iteration {formatNumber(each)}
                </option>
              ))}
            </select>
          </label>
          <button type="button" disabled={step === undefined} onClick={() => setIsLarge(true)}>
            Enlarge
          </button>
        </div>
      )}
      {isLarge && (
        <Dialog title={`${KINDS[kind]}, iteration ${formatNumber(step!)}`} isWide onClose={() => setIsLarge(false)}>
          {sheet}
        </Dialog>
      )}
    </section>
  );
}

/** Milliseconds per preview of the animation. */
const FRAME_MS = 400;

/** Shows the next preview after a moment, and the first after the last. */
function usePlaying(playing: boolean, position: number, count: number, onNext: (position: number) => void): void {
  useEffect(() => {
    if (!playing) return;
    const timer = setTimeout(() => onNext(position >= count - 1 ? 0 : position + 1), FRAME_MS);
    return () => clearTimeout(timer);
  }, [playing, position, count]);
}

interface SheetProps {
  run: string;
  kind: 'samples' | 'reconstructions';
  step: number | undefined;
  other: number | undefined;
  isEmpty: boolean;
}

/** An image grid, or its difference to that of another iteration: black if they are equal. */
function Sheet({ run, kind, step, other, isEmpty }: SheetProps) {
  const addressOf = (iteration: number | undefined): string | undefined =>
    iteration === undefined ? undefined : previewAddress(run, kind, iteration);
  const name = `${kind === 'samples' ? 'Samples' : 'Test images and reconstructions'} at iteration ${step}`;
  return (
    <div class="sheet frame">
      {isEmpty && <p class="empty">The first preview appears here during training.</p>}
      <Preview
        address={addressOf(step)}
        alt={other === undefined ? name : `${name}, difference to iteration ${other}`}
      />
      <div class="subtracted">
        <Preview address={addressOf(other)} alt="" />
      </div>
    </div>
  );
}
