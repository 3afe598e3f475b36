/** Explores a checkpoint of a run. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { RunDetail } from '../../src/studio/schemas.js';
import { readCheckpoint, readDataImages, readDataInfo, readRun } from './api.js';
import type { ViewProps } from './view.js';
import { addressOf, queryValue } from './address.js';
import { formatNumber } from './format.js';
import { ExplorePage, type ExploreSource } from './explore/explorePage.js';
import { NoSuchRun } from './notFoundPage.js';

export const StudioExplorePage = (props: ViewProps) =>
  props.runs.has(props.run) ? <ExploredRun {...props} /> : <NoSuchRun run={props.run} />;

function ExploredRun({ run, query, onQuery, runs, onFailure }: ViewProps) {
  const newest = runs.get(run)!.checkpoint ?? undefined;
  const detail = useDetail(run, newest, onFailure);
  const checkpoints = detail?.checkpoints ?? [];
  const [chosen, setChosen] = queryValue(query, onQuery, 'step');
  useEffect(() => {
    // The address names the checkpoint, so that the view stays when the run saves another one.
    if (chosen === '' && newest !== undefined) setChosen(String(newest));
  }, [chosen, newest]);
  const step = Number(chosen);
  const isKnown = chosen !== '' && checkpoints.includes(step);
  const source = useMemo(
    (): ExploreSource | undefined => (isKnown ? sourceOf(run, step, detail!.offer) : undefined),
    [run, step, isKnown],
  );
  const problem =
    newest === undefined
      ? 'This run has no checkpoint yet. Wait for the first one, or pause or stop the run.'
      : chosen !== '' && !isKnown && checkpoints.length > 0
        ? `This run has no checkpoint of iteration ${chosen}. Choose another one above.`
        : undefined;
  return (
    <ExplorePage source={source} problem={problem} query={query} onQuery={onQuery}>
      <h1>
        Explore <a href={addressOf('run', run)}>{run}</a>
      </h1>
      <label>
        <span class="hidden">Checkpoint</span>
        <select
          id="checkpoint"
          value={chosen}
          disabled={checkpoints.length === 0}
          onChange={({ currentTarget }) => setChosen(currentTarget.value)}
        >
          {!isKnown && <option value={chosen}>{newest === undefined ? 'No checkpoint' : 'Choose a checkpoint'}</option>}
          {checkpoints.map((each) => (
            <option key={each} value={String(each)}>
              Iteration {formatNumber(each)}
              {each === newest ? ' (newest)' : ''}
            </option>
          ))}
        </select>
      </label>
    </ExplorePage>
  );
}

/** The run, read again when there is a newer checkpoint. */
function useDetail(
  run: string,
  newest: number | undefined,
  onFailure: (error: unknown) => void,
): RunDetail | undefined {
  const [detail, setDetail] = useState<RunDetail>();
  useEffect(() => {
    if (newest !== undefined) readRun(run).then(setDetail, onFailure);
  }, [run, newest]);
  return detail;
}

const sourceOf = (run: string, step: number, offer: string | null): ExploreSource => ({
  name: `${run}, iteration ${step}`,
  run,
  loadCheckpoint: () => readCheckpoint(run, step),
  offer,
  loadData: async () => {
    const [{ labels, classNames }, images] = await Promise.all([readDataInfo(run), readDataImages(run)]);
    return { images, labels, classNames };
  },
});
