// Reports a training run to an experiment tracker (docs/tracking.md):
//
//   node examples/tracking.mjs metrics.jsonl                  one JSON line per report
//   node examples/tracking.mjs http://localhost:8080/metrics  one POST request per report
import { appendFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';

/**
 * A tracker. `step` is the number of iterations done.
 * @typedef {{ log: (step: number, metrics: Readonly<Record<string, number>>) => unknown }} Tracker
 */

/**
 * Returns an `onEvent` function for `train` that reports the losses of every `every`-th iteration, and all evaluations.
 * @param {Tracker} tracker
 * @returns {(event: import('../src/runs/train.node.js').RunEvent) => Promise<void>}
 */
export const reportTo =
  (tracker, every = 10) =>
  async (event) => {
    if (event.type === 'iteration' && event.report.step % every === 0)
      await tracker.log(event.report.step, event.report.scalars);
    if (event.type === 'evaluation') await tracker.log(event.step, event.metrics);
  };

/**
 * Returns a tracker that appends JSON lines to a file.
 * @param {string} file
 * @returns {Tracker}
 */
export const fileTracker = (file) => ({
  log: (step, metrics) => appendFile(file, `${JSON.stringify({ step, ...metrics })}\n`),
});

/**
 * Returns a tracker that posts JSON objects to a server. An unreachable server does not end the training.
 * @param {string} url
 * @returns {Tracker}
 */
export const httpTracker = (url) => ({
  log: (step, metrics) =>
    globalThis
      .fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ step, ...metrics }),
      })
      .catch((/** @type {Error} */ error) =>
        console.error(`${url}: iteration ${step} is not reported (${error.message})`),
      ),
});

const [, script, target = 'metrics.jsonl'] = process.argv;
if (script !== undefined && import.meta.url === pathToFileURL(script).href) {
  const { train } = await import('agenet/node');
  const tracker = target.startsWith('http') ? httpTracker(target) : fileTracker(target);
  const { run } = await train({ data: 'mnist', steps: 200 }, { onEvent: reportTo(tracker) });
  console.log(`Trained ${run}, and reported to ${target}`);
}
