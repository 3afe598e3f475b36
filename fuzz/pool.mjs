/** Worker processes: started, watched for hangs and crashes, and replaced. */
import { fork } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { environmentOf, PARTS } from './sandbox.mjs';

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));
/**
 * Number of cases after which a worker is replaced, so that memory retained by one case does not affect many others.
 */
const CASES_PER_WORKER = 250;
/** Milliseconds within which a worker starts and makes its sandbox, and within which all fixtures are made. */
const START_LIMIT = 60_000;
const FIXTURES_LIMIT = 240_000;

/** One worker process at a time, and its sandbox. */
class Worker {
  #child;
  #root;
  #answer;
  #ended;

  constructor(root) {
    this.#root = root;
    mkdirSync(root, { recursive: true });
    const file = join(root, 'native-output');
    const native = openSync(file, 'a+');
    this.#child = fork(WORKER, [], {
      env: { ...environmentOf(root), FUZZ_NATIVE_OUTPUT: file },
      execArgv: [],
      stdio: ['ignore', native, native, 'ipc'],
    });
    closeSync(native);
    this.#child.on('message', (message) => this.#answer?.(message));
    this.#ended = new Promise((resolve) =>
      this.#child.once('exit', (status, signal) => resolve({ ended: true, status, signal })),
    );
  }

  /** Sends a message, if one is given, and returns the answer, `{ ended }` if the process ended, or `{ timedOut }`. */
  async ask(message, limit) {
    let timer;
    const answered = new Promise((resolve) => (this.#answer = resolve));
    const late = new Promise((resolve) => (timer = setTimeout(() => resolve({ timedOut: true }), limit)));
    if (message !== undefined && this.#child.connected) this.#child.send(message, () => undefined);
    const answer = await Promise.race([answered, late, this.#ended]);
    clearTimeout(timer);
    if (answer.failure !== undefined) throw new Error(`the fuzzer itself failed: ${answer.failure}`);
    return answer;
  }

  async stop() {
    this.#child.kill('SIGKILL');
    await this.#ended;
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/**
 * Makes the fixtures that all sandboxes are copied from, and returns their folder.
 * @param {string} root an empty folder for everything that the fuzzer writes
 */
export async function makeTemplate(root) {
  const template = join(root, 'template');
  for (const part of PARTS) mkdirSync(join(template, part), { recursive: true });
  const worker = new Worker(join(root, 'fixtures'));
  try {
    await worker.ask(undefined, START_LIMIT);
    const { outcome } = await worker.ask({ type: 'fixtures', root: template }, FIXTURES_LIMIT);
    if (!outcome) throw new Error('the fixtures could not be made');
  } finally {
    await worker.stop();
  }
  return template;
}

/**
 * Runs cases in several worker processes.
 * @param {object} options
 * @param {string} options.root
 * @param {string} options.template
 * @param {number} options.seed
 * @param {number[]} options.numbers the cases
 * @param {number} options.workers
 * @param {number} options.limit seconds that a case may take
 * @param {(number: number, outcome: import('./oracle.mjs').Outcome) => void} options.onOutcome
 */
export async function runCases({ root, template, seed, numbers, workers, limit, onOutcome }) {
  const queue = [...numbers].reverse();
  let count = 0;
  const start = async () => {
    const folder = join(root, `worker-${count++}`);
    const worker = new Worker(folder);
    await worker.ask(undefined, START_LIMIT);
    const { outcome } = await worker.ask({ type: 'sandbox', root: join(folder, 'sandbox'), template }, START_LIMIT);
    if (!outcome) throw new Error('a worker did not start');
    return worker;
  };
  const drain = async () => {
    while (queue.length > 0) {
      const worker = await start();
      try {
        for (let done = 0; done < CASES_PER_WORKER && queue.length > 0; done++) {
          const number = queue.pop();
          const begin = performance.now();
          const answer = await worker.ask({ type: 'case', seed, number }, limit * 1000);
          onOutcome(number, answer.outcome ?? lost(answer, (performance.now() - begin) / 1000));
          if (!answer.outcome) break;
        }
      } finally {
        await worker.stop();
      }
    }
  };
  await Promise.all(Array.from({ length: workers }, drain));
}

/** The outcome of a case whose process ended, or did not answer. */
const lost = ({ timedOut = false, status = null, signal = null }, seconds) => ({
  status,
  signal,
  timedOut,
  seconds,
  stdout: '',
  stderr: '',
  native: '',
  rejections: [],
  changes: [],
  memory: 0,
});
