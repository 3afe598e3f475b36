/** Previews of several runs, of the same iteration. */
import type { ListedRun, RunDetail } from '../../../src/studio/schemas.js';
import { Segments } from '../../components/controls.js';
import { addressOf, queryValue } from '../address.js';
import { previewAddress } from '../api.js';
import { formatNumber } from '../format.js';
import { Preview } from '../preview.js';

const KINDS = { samples: 'Samples', reconstructions: 'Reconstructions' } as const;

interface ComparedSheetsProps {
  runs: readonly ListedRun[];
  details: readonly RunDetail[];
  query: string;
  onQuery: (query: string) => void;
}

export function ComparedSheets({ runs, details, query, onQuery }: ComparedSheetsProps) {
  const [chosenKind, setKind] = queryValue(query, onQuery, 'preview', 'samples');
  const [chosen, setChosen] = queryValue(query, onQuery, 'iteration');
  const kind = chosenKind === 'reconstructions' ? chosenKind : 'samples';
  const steps = [...new Set(details.flatMap(({ previews }) => previews))].sort((a, b) => a - b);
  const limit = chosen === '' ? Infinity : Number(chosen);
  const position = steps.findLastIndex((step) => step <= limit);
  const previewOf = (run: ListedRun): number | undefined =>
    details.find(({ summary }) => summary.id === run.id)?.previews.findLast((step) => step <= limit);
  return (
    <section aria-labelledby="compared-sheets">
      <div class="section-header row">
        <h2 id="compared-sheets" class="grow">
          Previews
        </h2>
        <Segments label="Kind of preview" names={KINDS} chosen={kind} onChoose={setKind} />
        <label class="timeline compared-timeline toolbar">
          Iteration{' '}
          <input
            id="compared-iteration"
            class="grow"
            type="range"
            min="0"
            max={Math.max(0, steps.length - 1)}
            value={position}
            disabled={steps.length < 2}
            aria-valuetext={`Iteration ${formatNumber(steps[position] ?? 0)}`}
            onInput={({ currentTarget: { valueAsNumber: at } }) =>
              setChosen(at === steps.length - 1 ? '' : String(steps[at]))
            }
          />
          <output>
            {formatNumber(steps[position] ?? 0)}
            {chosen === '' && ' (newest)'}
          </output>
        </label>
      </div>
      <div class="compared">
        {runs.map((run) => {
          const step = previewOf(run);
          return (
            <figure key={run.id}>
              <figcaption>
                <a href={addressOf('run', run.id)}>{run.id}</a>
                <span class="meaning">
                  {step === undefined ? ' No preview yet' : ` Iteration ${formatNumber(step)}`}
                </span>
              </figcaption>
              <div class="sheet frame">
                <Preview
                  address={step === undefined ? undefined : previewAddress(run.id, kind, step)}
                  alt={`${kind} of ${run.id}`}
                />
              </div>
            </figure>
          );
        })}
      </div>
    </section>
  );
}
