/** Runs actions one after another, even after a failure. A long one can ask whether it is the latest, and end. */
export function oneAtATime(): <T>(action: (isLatest: () => boolean) => Promise<T>) => Promise<T> {
  let count = 0;
  let last: Promise<unknown> = Promise.resolve();
  return (action) => {
    const number = ++count;
    const result = last.then(() => action(() => number === count));
    last = result.catch(() => undefined);
    return result;
  };
}
