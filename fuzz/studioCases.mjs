/**
 * Cases for the studio's API: sequences of requests and of changes to the folder beneath it, which follow from a seed
 * and a number.
 */
import { Random } from './random.mjs';
import { BAD_NUMBERS, HOSTILE_VALUES } from './strings.mjs';

/**
 * @typedef {object} Request
 * @property {string} method
 * @property {string} path
 * @property {string} [type] content type
 * @property {string | { boundary: string, parts: { name: string, file: string, content: 'image' | 'empty' | 'text' }[]
 *   }} [body]
 */

/**
 * @typedef {object} Step requests that are sent at once, a change beneath the studio, or its restart
 * @property {Request[]} [requests]
 * @property {{ action: string, path: string, bytes?: number[] }} [change]
 * @property {true} [restart]
 */

/** Runs that a case begins with. */
export const RUNS = ['tiny', 'sweep/a'];
const NEW_RUNS = ['x', 'y', 'z', 'tiny'];
const SETS = ['faces', 'more'];
const RUN_FILES = [
  'config.json',
  'journal.jsonl',
  'log.jsonl',
  'tags.json',
  'steering.json',
  '.lock',
  'evaluation-000003.json',
];
const FOLDERS = ['samples', 'checkpoints', 'codes', 'reconstructions'];

const encode = (text) => encodeURIComponent(text.toWellFormed());

/** A value of a kind, or sometimes anything else. */
const either = (random, values, hostile = HOSTILE_VALUES) => random.pick(random.chance(0.88) ? values : hostile);

const runOf = (random) =>
  encode(either(random, [...RUNS, ...NEW_RUNS], [...HOSTILE_VALUES, '..', 'uploads', '.studio', 'sweep']));
const json = (method, path, value) => ({ method, path, type: 'application/json', body: JSON.stringify(value) });

const newRun = (random) => ({
  name: either(random, NEW_RUNS),
  data: either(
    random,
    ['mnist', 'mnist', 'svhn:missing', ...SETS.map((name) => `uploads/${name}`)],
    [...HOSTILE_VALUES, '/etc'],
  ),
  ...(random.chance(0.4)
    ? { fields: { [either(random, ['width', 'steps', 'flip'])]: either(random, ['4', 8, true, ''], BAD_NUMBERS) } }
    : {}),
  ...(random.chance(0.2) ? { fork: { run: either(random, RUNS), step: either(random, [3, 0], [-1, 1.5, '3']) } } : {}),
});

const upload = (random) => ({
  method: 'POST',
  path: `/api/data/${encode(either(random, SETS))}/images`,
  body: {
    boundary: either(random, ['----boundary'], ['', '-', 'a b', '"', 'x'.repeat(80)]),
    parts: Array.from({ length: random.below(4) }, () => ({
      name: either(random, ['images'], ['x', '']),
      file: either(random, ['a.png', 'b.jpg']),
      content: random.weighted([
        ['image', 6],
        ['empty', 1],
        ['text', 1],
      ]),
    })),
  },
});

const TAGS = ['best', 'paper', 'a/b', 'ä', 'x'.repeat(40)];
const KINDS = ['samples', 'reconstructions', 'codes', 'checkpoints', 'other'];

/** The requests, with their weights. */
const REQUESTS = [
  [() => ({ method: 'GET', path: '/api/runs' }), 3],
  [(random) => ({ method: 'GET', path: `/api/runs/${runOf(random)}` }), 4],
  [
    (random) => ({
      method: 'GET',
      path: `/api/runs/${runOf(random)}/curves?points=${either(random, ['20'], BAD_NUMBERS.map(encode))}`,
    }),
    3,
  ],
  [
    (random) => ({
      method: 'GET',
      path: `/api/runs/${runOf(random)}/${random.pick(KINDS)}/${either(random, ['3'], BAD_NUMBERS.map(encode))}`,
    }),
    4,
  ],
  [
    (random) => ({
      method: random.pick(['PUT', 'DELETE']),
      path: `/api/runs/${runOf(random)}/tags/${encode(either(random, TAGS))}`,
    }),
    6,
  ],
  [
    (random) =>
      json('POST', `/api/runs/${runOf(random)}/steering`, {
        action: either(random, ['play', 'pause', 'step', 'stop']),
      }),
    4,
  ],
  [
    (random) => json('POST', `/api/runs/${runOf(random)}/resume`, random.pick([{}, { steps: 5 }, { epochs: 0 }, []])),
    4,
  ],
  [(random) => ({ method: 'DELETE', path: `/api/runs/${runOf(random)}` }), 1],
  [(random) => ({ method: 'GET', path: `/api/runs/${runOf(random)}/data${random.pick(['', '/images'])}` }), 1],
  [() => ({ method: 'GET', path: '/api/data' }), 2],
  [
    (random) => ({
      method: 'GET',
      path: `/api/data/${random.pick(['counts', 'preview'])}?data=${encode(newRun(random).data)}`,
    }),
    1,
  ],
  [upload, 5],
  [(random) => ({ method: 'DELETE', path: `/api/data/${encode(either(random, SETS))}` }), 2],
  [(random) => json('POST', '/api/queue', newRun(random)), 9],
  [(random) => json('POST', '/api/queue/check', newRun(random)), 2],
  [(random) => ({ method: 'DELETE', path: `/api/queue/${runOf(random)}` }), 4],
  [
    (random) => ({
      method: random.pick(['POST', 'PUT', 'PATCH', 'OPTIONS']),
      path: `/${encode(either(random, ['', 'api']))}${random.pick(['', '/form', '/runs', '/live'])}`,
    }),
    1,
  ],
  [
    (random) => ({
      method: 'POST',
      path: '/api/queue',
      type: random.pick(['application/json', 'text/plain', '']),
      body: either(random, ['{', 'null', '[]', '{"name":1}']),
    }),
    2,
  ],
];

function changeOf(random) {
  const run = random.pick([...RUNS, 'x']);
  const action = random.weighted([
    ['link', 3],
    ['remove', 2],
    ['pipe', 2],
    ['folder', 2],
    ['bytes', 4],
    ['restore', 3],
  ]);
  const path = random.weighted([
    [run, 3],
    [`${run}/${random.pick(RUN_FILES)}`, 6],
    [`${run}/${random.pick(FOLDERS)}`, 2],
    [random.pick(['uploads', 'uploads/faces', '.studio/queue.json', '.studio/output', 'sweep']), 2],
  ]);
  return { action, path, bytes: Array.from({ length: random.below(200) }, () => random.below(256)) };
}

/**
 * @param {number} seed
 * @param {number} number
 * @returns {{ seed: number, number: number, steps: Step[] }}
 */
export function studioCaseOf(seed, number) {
  const random = new Random(seed, number, 'studio');
  const steps = Array.from({ length: 4 + random.below(14) }, () => {
    if (random.chance(0.2)) return { change: changeOf(random) };
    if (random.chance(0.05)) return { restart: true };
    const count = random.chance(0.3) ? 2 + random.below(5) : 1;
    return { requests: Array.from({ length: count }, () => random.weighted(REQUESTS)(random)) };
  });
  return { seed, number, steps };
}
