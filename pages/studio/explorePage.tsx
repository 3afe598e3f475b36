/** Explores a checkpoint of a run. */
import { useMemo } from 'preact/hooks';
import { readCheckpoint, readDataImages, readDataInfo } from './api.js';
import type { ViewProps } from './app.js';
import { addressOf, queryValue } from './address.js';
import { ExplorePage, type ExploreSource } from './explore/explorePage.js';

export function StudioExplorePage({ run, query, onQuery, runs }: ViewProps) {
  const summary = runs.get(run);
  const [chosen] = queryValue(query, onQuery, 'step');
  // The checkpoint of the first look: a training that saves another one does not take the view away.
  const step = useMemo(() => (chosen === '' ? summary?.checkpoint : Number(chosen)), [run, chosen, summary?.checkpoint === null]);
  const source = useMemo((): ExploreSource | undefined => {
    if (typeof step !== 'number') return undefined;
    return {
      name: `${run}, iteration ${step}`,
      loadCheckpoint: () => readCheckpoint(run, step),
      loadData: async () => {
        const [{ labels, classNames }, images] = await Promise.all([readDataInfo(run), readDataImages(run)]);
        return { images, labels, classNames };
      },
    };
  }, [run, step]);
  return (
    <>
      <p>
        <a href={addressOf('run', run)}>Back to {run}</a>
      </p>
      <h1>Explore</h1>
      {source ? (
        <ExplorePage source={source} query={query} onQuery={onQuery} />
      ) : (
        <p class="meaning">
          {summary ? `${run} has no checkpoint yet: pause or stop it, or wait for the first one.` : `There is no run ${run} in this folder.`}
        </p>
      )}
    </>
  );
}
