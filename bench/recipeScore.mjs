/** Scores of recipes against bounds, over seeds. */

/**
 * Summarizes the results of one candidate with several seeds: mean and standard deviation of each metric, and the score
 * of the means, which is infinite if a training failed.
 * @param bounds by metric the bound and the best possible value
 */
export function summarize(results, bounds) {
  const failed = results.find((result) => result.failed !== undefined)?.failed;
  if (failed !== undefined || results.length === 0) return { failed, score: Infinity };
  const metrics = Object.fromEntries(
    Object.keys(results[0].metrics).map((name) => [name, moments(results.map((result) => result.metrics[name]))]),
  );
  return {
    metrics,
    seeds: results.length,
    score: Math.max(...Object.entries(bounds).map(([name, bound]) => ratioTo(bound, metrics[name].mean))),
  };
}

function moments(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, ...(values.length > 1 ? { deviation: Math.sqrt(squares / (values.length - 1)) } : {}) };
}

/** The distance from the best value, relative to the bound's: at most 1 if the bound is met. */
const ratioTo = ([bound, best], value) => (best - value) / (best - bound);

/** Formats a mean with three digits, and its deviation with as many decimals. */
export function show({ mean, deviation }) {
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.max(1e-3, Math.abs(mean)))));
  return `${mean.toFixed(decimals)}${deviation === undefined ? '' : ` ± ${deviation.toFixed(decimals)}`}`;
}
