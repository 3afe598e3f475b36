/**
 * Run folders that are written by two processes, replaced, and on full disks, in random sequences against a model of
 * what must hold.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  appendFileSync,
  constants,
  closeSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Journal } from '../../src/runs/journal.node.js';
import { RunFolder } from '../../src/runs/runFolder.node.js';
import { followSteering } from '../../src/runs/steering.node.js';
import type { RunLock } from '../../src/training/runStore.js';
import { errorOf } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { createRun, tinyCheckpoint, tinyConfiguration } from '../training/tinyTraining.js';

const configuration = tinyConfiguration({ keepLast: 2 });
const checkpoint = tinyCheckpoint(configuration);
/**
 * More cases than a test run has time for: `AGENET_FOLDER_CASES=5000 npx vitest run
 * tests/integration/changedRunFolder.test.ts`.
 */
const CASES = Number(process.env.AGENET_FOLDER_CASES ?? 40);
/** An operation that takes longer hangs. */
const HANG_MS = 5000;

/** While the disk is full, writes take half of their bytes. */
let isDiskFull = false;
/** `FileHandle.write` with a position in the file. */
type Write = (bytes: Uint8Array, offset?: number, length?: number, position?: number) => Promise<unknown>;
let restoreWrites = (): void => undefined;
beforeAll(async () => {
  const handle = await open(process.execPath);
  const prototype = Object.getPrototypeOf(handle) as { write: (this: object, ...args: Parameters<Write>) => unknown };
  await handle.close();
  const { write } = prototype;
  prototype.write = async function (this: object, bytes, offset = 0, length = bytes.length - offset, position) {
    if (!isDiskFull) return write.call(this, bytes, offset, length, position);
    await write.call(this, bytes, offset, length >> 1, position);
    throw Object.assign(new Error('ENOSPC: injected'), { code: 'ENOSPC' });
  };
  restoreWrites = () => (prototype.write = write);
});
afterAll(() => restoreWrites());

/** Files and folders of a run that something else can replace. */
const REPLACEABLE = ['log.jsonl', 'journal.jsonl', 'samples', 'checkpoints', '.'] as const;
type Replaceable = (typeof REPLACEABLE)[number];
type Replacement = 'pipe' | 'link' | 'another';
type Operation =
  | {
      type: 'lock' | 'release' | 'kill' | 'log' | 'journal' | 'fail' | 'checkpoint' | 'previews';
      who: 0 | 1;
    }
  | { type: 'truncate'; who: 0 | 1; to: number }
  | { type: 'replace'; name: Replaceable; by: Replacement }
  | { type: 'putBack' | 'deleteLock' | 'fillDisk' | 'freeDisk' };

/** A run is also replaced by another one; another folder of samples would be as good. */
const REPLACEMENTS: readonly Operation[] = [
  ...(['log.jsonl', 'journal.jsonl'] as const).map((name) => ({ type: 'replace', name, by: 'pipe' }) as const),
  ...REPLACEABLE.map((name) => ({ type: 'replace', name, by: 'link' }) as const),
  ...[1, 2, 3].map(() => ({ type: 'replace', name: '.', by: 'another' }) as const),
];

const who = fc.constantFrom(0 as const, 1 as const);
const operations: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ type: fc.constantFrom('log' as const, 'journal' as const), who }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constantFrom('lock' as const, 'release' as const), who }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('checkpoint' as const, 'previews' as const), who }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('fail' as const, 'kill' as const), who }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('truncate' as const), who, to: fc.nat(12) }) },
  { weight: 5, arbitrary: fc.constantFrom(...REPLACEMENTS) },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constantFrom('putBack', 'deleteLock', 'fillDisk', 'freeDisk'),
    }),
  },
);

/** A process that works on the run: its own view of the folder, its lock, and its journal. */
interface Actor {
  folder: RunFolder;
  journal: Journal;
  lock: RunLock | undefined;
}

/** The run, what lies around it, and what must be in it. */
class World {
  readonly root = temporaryFolder();
  readonly run = join(this.root, 'run');
  readonly outside = join(this.root, 'outside');
  readonly aside = join(this.root, 'aside');
  readonly actors: Actor[] = [];
  /** The actor whose lock file is in the folder. */
  holder: Actor | undefined;
  replaced: { name: Replaceable; by: Replacement } | undefined;
  log: number[] = [];
  journal: string[] = [];
  checkpoint = 0;
  next = 1;
  untouched = '';

  static async create(): Promise<World> {
    const world = new World();
    await createRun(world.run, configuration);
    // Looks like a run, so that only its place tells that it is none of theirs.
    await createRun(world.outside, configuration);
    writeFileSync(join(world.outside, 'log.jsonl'), '{"step":1}\n');
    writeFileSync(join(world.outside, 'journal.jsonl'), '{"type":"note"}\n');
    world.untouched = contentsOf(world.outside);
    for (let number = 0; number < 2; number++) world.actors.push(await newActor(world.run));
    await perform(world, { type: 'lock', who: 0 });
    return world;
  }

  /** Whether an actor may write into a part of the run now. */
  canWrite(actor: Actor, part: Replaceable): boolean {
    const { replaced, holder } = this;
    if (replaced && ['.', part].includes(replaced.name)) return false;
    if (actor.lock) return holder === undefined || holder === actor;
    return holder === undefined;
  }

  /** Runs a write, and expects that it succeeds exactly if it may. */
  async write(actor: Actor, part: Replaceable, action: () => Promise<unknown>, needsSpace = true): Promise<boolean> {
    const expected = this.canWrite(actor, part) && !(isDiskFull && needsSpace);
    const error = await errorOf(() => soon(action()));
    expect(error === undefined, `${part} is written (${String(error)})`).toBe(expected);
    this.holdsAgain(actor);
    return expected;
  }

  /** A write of the holder writes a lock file that was deleted again. */
  holdsAgain(actor: Actor): void {
    if (actor.lock && this.canWrite(actor, '.')) this.holder = actor;
  }

  check(): void {
    const { run, replaced } = this;
    const elsewhere = replaced?.by === 'another' && replaced.name === '.' ? run : this.outside;
    expect(contentsOf(elsewhere), 'outside').toBe(this.untouched);
    const real = replaced?.name === '.' ? this.aside : run;
    const placeOf = (name: Replaceable) => (replaced?.name === name ? this.aside : join(real, name));
    const lines = (name: Replaceable) => (existsSync(placeOf(name)) ? readFileSync(placeOf(name), 'utf8') : '');
    expect(lines('log.jsonl')).toBe(this.log.map((step) => `{"step":${step}}\n`).join(''));
    const journal = lines('journal.jsonl').split('\n');
    expect(journal.pop(), 'the last line of the journal').toBe('');
    expect(journal.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(this.journal);
    const names = readdirSync(placeOf('checkpoints')).sort();
    expect(names.filter((name) => name.endsWith('.partial'))).toEqual([]);
    expect(parseInt(names.at(-1) ?? '0')).toBe(this.checkpoint);
  }
}

const newActor = async (path: string): Promise<Actor> => {
  const folder = await RunFolder.open(path);
  return { folder, journal: new Journal(folder), lock: undefined };
};

/** All files of a folder with their contents, as one text. */
const contentsOf = (folder: string): string =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .map(
      (entry) =>
        `${entry.parentPath.slice(folder.length)}/${entry.name}:${entry.isFile() ? readFileSync(join(entry.parentPath, entry.name), 'utf8') : ''}`,
    )
    .sort()
    .join('\n');

async function soon<T>(action: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HangError('an operation hangs')), HANG_MS);
  });
  try {
    return await Promise.race([action, hang]);
  } finally {
    clearTimeout(timer);
  }
}
class HangError extends Error {}

const training = { emit: () => Promise.resolve() };

/** Does an operation in the folder and in the model. Operations that make no sense now do nothing. */
async function perform(world: World, operation: Operation): Promise<void> {
  switch (operation.type) {
    case 'fillDisk':
      isDiskFull = true;
      return;
    case 'freeDisk':
      isDiskFull = false;
      return;
    case 'deleteLock':
      if (world.replaced?.name === '.') return;
      rmSync(join(world.run, '.lock'), { force: true });
      world.holder = undefined;
      return;
    case 'replace':
      return replace(world, operation.name, operation.by);
    case 'putBack':
      return putBack(world);
    default:
      return act(world, world.actors[operation.who]!, operation);
  }
}

type ActorOperation = Extract<Operation, { who: unknown }>;

async function act(world: World, actor: Actor, operation: ActorOperation): Promise<void> {
  // An actor without a lock means whatever run is at the path.
  if (!actor.lock && world.replaced?.name === '.' && world.replaced.by === 'another') return;
  await ACTIONS[operation.type](world, actor, operation.type === 'truncate' ? operation.to : 0);
}

/** What an actor does, in the folder and in the model. */
const ACTIONS: Record<ActorOperation['type'], (world: World, actor: Actor, to: number) => Promise<void>> = {
  async lock(world, actor) {
    if (actor.lock) return;
    const expected = world.canWrite(actor, '.') && !['samples', 'checkpoints'].includes(world.replaced?.name ?? '');
    const error = await errorOf(async () => (actor.lock = await soon(actor.folder.lock())));
    expect(error === undefined, `it is locked (${String(error)})`).toBe(expected);
    if (expected) world.holder = actor;
  },

  async release(world, actor) {
    // A lock whose folder was replaced stays behind when it is released, and nobody can release it again.
    if (!actor.lock) return;
    await soon(actor.lock.release());
    actor.lock = undefined;
    if (world.holder === actor && world.replaced?.name !== '.') world.holder = undefined;
  },

  /** Its lock file stays, with a start time of another process, and what it was writing is cut. */
  async kill(world, actor) {
    if (!actor.lock || world.holder !== actor || world.replaced) return;
    const file = join(world.run, '.lock');
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), started: '1' }));
    appendFileSync(join(world.run, 'journal.jsonl'), '{"message":"cu');
    appendFileSync(join(world.run, 'log.jsonl'), '{"ste');
    world.holder = undefined;
    world.actors[world.actors.indexOf(actor)] = await newActor(world.run);
    // The next process to write removes the cut lines.
    const next = world.actors.find(({ lock }) => lock === undefined)!;
    isDiskFull = false;
    for (const type of ['log', 'journal'] as const) await act(world, next, { type, who: 0 });
  },

  async log(world, actor) {
    const step = world.next++;
    if (await world.write(actor, 'log.jsonl', () => actor.folder.appendLog([{ step }]))) world.log.push(step);
  },

  async truncate(world, actor, to) {
    const step = world.log[to] ?? 0;
    const left = world.log.filter((each) => each <= step);
    if (await world.write(actor, 'log.jsonl', () => actor.folder.truncateLog(step), left.length > 0)) world.log = left;
  },

  async journal(world, actor) {
    const message = String(world.next++);
    if (world.canWrite(actor, 'journal.jsonl') && !isDiskFull) world.journal.push(message);
    await soon(actor.journal.onEvent({ type: 'note', message }, training));
    world.holdsAgain(actor);
  },

  async fail(world, actor) {
    await ACTIONS.journal(world, actor, 0);
    const message = String(world.next++);
    if (world.canWrite(actor, 'journal.jsonl') && !isDiskFull) world.journal.push(message);
    await errorOf(() => soon(actor.journal.whileTraining(() => Promise.reject(new Error(message)))));
  },

  async checkpoint(world, actor) {
    const step = world.next++;
    const write = () => actor.folder.writeCheckpoint({ ...checkpoint, step });
    if (await world.write(actor, 'checkpoints', write)) world.checkpoint = step;
  },

  async previews(world, actor) {
    const image = { width: 2, height: 1, channels: 1, data: new Uint8Array(2) };
    const codes = { shape: [1, 2] as const, data: new Float32Array(2) };
    const preview = { samples: image, reconstructions: image, codes };
    await world.write(actor, 'samples', () => actor.folder.writePreviews(world.next++, preview));
  },
};

function replace(world: World, name: Replaceable, by: Replacement): void {
  const path = join(world.run, name);
  if (world.replaced || !existsSync(path)) return;
  renameSync(path, world.aside);
  const target = name === '.' ? world.run : path;
  if (by === 'pipe') spawnSync('mkfifo', [target]);
  else if (by === 'another') renameSync(world.outside, target);
  else symlinkSync(join(world.outside, name), target);
  world.replaced = { name, by };
}

function putBack(world: World): void {
  const { replaced, run } = world;
  if (!replaced) return;
  const target = join(run, replaced.name === '.' ? '' : replaced.name).replace(/\/$/u, '');
  if (replaced.by === 'another') renameSync(target, world.outside);
  else {
    // Frees a thread that a defect has left waiting for a reader.
    if (replaced.by === 'pipe') closeSync(openSync(target, constants.O_RDWR | constants.O_NONBLOCK));
    rmSync(target);
  }
  renameSync(world.aside, target);
  world.replaced = undefined;
}

it(
  'a run folder keeps what its holder wrote, and nothing else, whatever happens around it',
  { timeout: 20_000 * CASES },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operations, { minLength: 5, maxLength: 40 }), async (sequence) => {
        const world = await World.create();
        try {
          for (const operation of sequence) {
            await perform(world, operation);
            world.check();
          }
        } finally {
          isDiskFull = false;
          putBack(world);
          for (const { lock } of world.actors) await lock?.release();
          rmSync(world.root, { recursive: true });
        }
      }),
      { numRuns: CASES },
    );
  },
);

it('requests longer than a few kilobytes are ignored', () => {
  const run = temporaryFolder();
  writeFileSync(join(run, 'steering.json'), `{"stop":true${' '.repeat(5000)}}`);
  expect(followSteering(run)(1)).toBe('train');
});
