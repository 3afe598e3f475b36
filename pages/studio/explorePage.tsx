/** Explores a checkpoint of a run. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { readCheckpoint, readDataImages, readDataInfo, readRun } from './api.js';
import type { ViewProps } from './view.js';
import { addressOf, queryValue } from './address.js';
import { ExplorePage, type ExploreSource } from './explore/explorePage.js';

export function StudioExplorePage({ run, query, onQuery, runs, onFailure }: ViewProps) {
  const newest = runs.get(run)?.checkpoint ?? undefined;
  const checkpoints = useCheckpoints(run, newest, onFailure);
  const [chosen, setChosen] = queryValue(query, onQuery, 'step');
  useEffect(() => {
    // The address names the checkpoint, so that the view stays when the run saves another one.
    if (chosen === '' && newest !== undefined) setChosen(String(newest));
  }, [chosen, newest]);
  const step = Number(chosen);
  const isKnown = chosen !== '' && checkpoints.includes(step);
  const source = useMemo(
    (): ExploreSource | undefined => (isKnown ? sourceOf(run, step) : undefined),
    [run, step, isKnown],
  );
  const problem = !runs.has(run)
    ? 'There is no such run in this folder.'
    : newest === undefined
      ? `${run} has no checkpoint yet: pause or stop it, or wait for the first one.`
      : chosen !== '' && !isKnown && checkpoints.length > 0
        ? `There is no checkpoint of iteration ${chosen}; choose another.`
        : undefined;
  return (
    <ExplorePage source={source} problem={problem} query={query} onQuery={onQuery}>
      <h1>Explore {run}</h1>
      <label>
        <span class="hidden">Checkpoint</span>
        <select
          id="checkpoint"
          value={chosen}
          disabled={checkpoints.length === 0}
          onChange={({ currentTarget }) => setChosen(currentTarget.value)}
        >
          {!isKnown && <option value={chosen}>choose a checkpoint</option>}
          {checkpoints.map((each) => (
            <option key={each} value={String(each)}>
              iteration {each}
              {each === newest ? ' (newest)' : ''}
            </option>
          ))}
        </select>
      </label>
      <a href={addressOf('run', run)}>Back to {run}</a>
    </ExplorePage>
  );
}

/** The iterations of the checkpoints of a run, read again when there is a newer one. */
function useCheckpoints(
  run: string,
  newest: number | undefined,
  onFailure: (error: unknown) => void,
): readonly number[] {
  const [checkpoints, setCheckpoints] = useState<readonly number[]>([]);
  useEffect(() => {
    if (newest !== undefined) readRun(run).then((detail) => setCheckpoints(detail.checkpoints), onFailure);
  }, [run, newest]);
  return checkpoints;
}

const sourceOf = (run: string, step: number): ExploreSource => ({
  name: `${run}, iteration ${step}`,
  run,
  loadCheckpoint: () => readCheckpoint(run, step),
  loadData: async () => {
    const [{ labels, classNames }, images] = await Promise.all([readDataInfo(run), readDataImages(run)]);
    return { images, labels, classNames };
  },
});
