/** Changes that make a valid command line a nearly valid one. Each returns false if it does not apply. */
import { COMMAND_LINES } from './commandLines.mjs';
import { BAD_NUMBERS, HOSTILE_NAMES, HOSTILE_VALUES, ODD_NUMBERS } from './strings.mjs';

/** Without these a command may take minutes. */
const PROTECTED = [
  '--steps',
  '--frames',
  '--count',
  '--iterations',
  '--trials',
  '--width',
  '--evaluate-samples',
  '--epochs',
];
/** Fixtures of a kind that an argument does not expect. */
const STRANGE_FILES = [
  'empty',
  'empty.png',
  'folder.png',
  'nothing',
  'pipe',
  'pipe.png',
  'loop',
  'dangling',
  'null',
  'linked',
  'missing',
  'one.png',
  'data.npz',
  'run',
  'run/config.json',
  'run/log.jsonl',
  'photos',
  'idx',
  'config.yaml',
  'golden.safetensors',
  '.',
  '..',
];
const STRANGE_OUTS = [
  '',
  '.',
  '..',
  '../up.png',
  'nothing',
  'folder.png',
  'pipe.png',
  'loop',
  'dangling',
  'null',
  'one.png',
  'data.npz',
  'run',
  'photos',
  'one.png/x.png',
  'missing/x.png',
  'missing/x.npz',
  'x.PNG',
  'x.jpg',
  'x.',
  '.png',
  'x.png/',
  'run/checkpoints/000003.safetensors',
  'a'.repeat(250).concat('.png'),
];
const FILE_FLAGS = ['--like', '--image', '--config', '--features', '--init-from'];

const withValue = ({ options }) => options.filter(([, value]) => value !== undefined);

function damageFile(line, random) {
  if (line.reads.length === 0) return false;
  line.files.push({ action: 'damage', path: random.pick(line.reads) });
}

/**
 * Something else under a fixture's name; the number of cases with pipes is small because each may cost the whole time
 * limit.
 */
function replaceFile(line, random) {
  if (line.reads.length === 0) return false;
  line.files.push({
    action: 'replace',
    path: random.pick(line.reads),
    by: random.weighted([
      ['empty', 3],
      ['nothing', 3],
      ['missing', 3],
      ['loop', 1],
      ['dangling', 1],
      ['pipe', 1],
      ['null', 1],
      ['one.png', 2],
      ['data.npz', 2],
      ['run/config.json', 1],
      ['golden.safetensors', 1],
    ]),
  });
}

function changeValue(line, random) {
  const candidates = withValue(line);
  if (candidates.length === 0) return false;
  const option = random.pick(candidates);
  option[1] = random.pick(
    /^[\d.e-]+$/.test(option[1])
      ? random.pick([BAD_NUMBERS, BAD_NUMBERS, ODD_NUMBERS, HOSTILE_VALUES])
      : HOSTILE_VALUES,
  );
}

function changeOut(line, random) {
  const option = line.options.find(([name]) => name === '--out');
  if (!option) return false;
  const extension = random.pick(['.png', '.npz', '.webp', '.json', '']);
  option[1] = random.chance(0.5) ? random.pick(STRANGE_OUTS) : `${random.pick(HOSTILE_NAMES)}${extension}`;
}

function dropOption(line, random) {
  const candidates = line.options.filter(([name]) => !PROTECTED.includes(name));
  if (candidates.length === 0) return false;
  line.options.splice(line.options.indexOf(random.pick(candidates)), 1);
}

function repeatOption(line, random) {
  if (line.options.length === 0) return false;
  line.options.push([...random.pick(line.options)]);
}

/** An option of some command, which this one may not have. */
function addForeignOption(line, random) {
  const { options } = COMMAND_LINES[random.pick(Object.keys(COMMAND_LINES))](random);
  const foreign = options.filter(([name]) => !PROTECTED.includes(name));
  if (foreign.length === 0) return false;
  line.options.push([...random.pick(foreign)]);
}

function addUnknownOption(line, random) {
  line.options.push([
    random.pick([
      '--nonsense',
      '--jsn',
      '--outt',
      '-x',
      '-h',
      '--no-json',
      '--count',
      '---',
      '--\x1b[31m',
      '--a\nb',
      '--out',
      '--seed',
      '--with',
      '--image',
    ]),
    ...(random.chance(0.5) ? [random.pick(ODD_NUMBERS)] : []),
  ]);
}

function swapPositional(line, random) {
  if (line.positionals.length === 0) return false;
  line.positionals[random.below(line.positionals.length)] = random.pick(
    random.chance(0.7) ? STRANGE_FILES : HOSTILE_VALUES,
  );
  line.afterDashes = random.chance(0.5);
}

/** The same file under a different kind, or a different file under the same kind. */
function crossData(line, random) {
  const index = line.positionals.findIndex((each) => each.includes(':'));
  if (index < 0) return false;
  const [kind, path] = line.positionals[index].split(':');
  line.positionals[index] = random.chance(0.5)
    ? `${kind}:${random.pick(STRANGE_FILES)}`
    : `${random.pick(['npz', 'idx', 'cifar10', 'cifar100', 'svhn', 'celeba', 'folder', 'fashion-mnist', 'nonsense', ''])}:${path}`;
}

const dropPositional = (line, random) =>
  line.positionals.length > 0 && line.positionals.splice(random.below(line.positionals.length), 1).length > 0;

function addPositional(line, random) {
  line.positionals.splice(
    random.below(line.positionals.length + 1),
    0,
    random.pick([...STRANGE_FILES, ...HOSTILE_NAMES]),
  );
}

/** A valid file under a hostile name. */
function renameFile(line, random) {
  const name = random.pick(HOSTILE_NAMES);
  const options = line.options.filter(([flag]) => FILE_FLAGS.includes(flag));
  if (options.length > 0 && random.chance(0.6)) {
    const option = random.pick(options);
    const path = `${name}${extension(option[1])}`;
    line.files.push({ action: 'copy', path, by: option[1] });
    option[1] = path;
    return true;
  }
  if (line.positionals.length === 0) return false;
  const index = random.below(line.positionals.length);
  const [, kind, file] = /^(npz:|idx:|folder:|svhn:|celeba:)?(.*)$/s.exec(line.positionals[index]);
  const path = `${name}${extension(file)}`;
  line.files.push({ action: 'copy', path, by: file });
  line.positionals[index] = `${kind ?? ''}${path}`;
  line.afterDashes = true;
}

const extension = (path) => /\.\w+$/.exec(path)?.[0] ?? '';

/** An additional image with a hostile or non-UTF-8 name in an image folder, because commands print names. */
function addToFolder(line, random) {
  const folder = random.pick([
    'photos',
    'photos/cats',
    'faces/img_align_celeba',
    'run/samples',
    'run/attributes',
    'run/probes',
    'run',
  ]);
  if (random.chance(0.25))
    line.files.push({ action: 'undecodable', path: folder, by: random.pick(['one.png', 'empty']) });
  else
    line.files.push({
      action: 'copy',
      path: `${folder}/${random.pick(HOSTILE_NAMES)}${random.pick(['.png', '.jpg', '.safetensors', ''])}`,
      by: random.pick(['one.png', 'empty', 'pipe', 'loop', 'photos', 'three.jpg']),
    });
  return /photos|celeba|run/.test(line.positionals.join());
}

/** A checkpoint that only its contents give away. */
function forge(line) {
  if (!line.reads.includes('run/config.json')) return false;
  line.files.push({ action: 'forge', path: 'run', by: 'run/checkpoints/000003.safetensors' });
}

/** Cache entries of earlier commands. */
function damageCache(line) {
  const part = ['evaluate'].includes(line.command) ? 'extractors' : 'images';
  if (part === 'images' && !line.positionals.includes('photos')) return false;
  line.files.push({ action: 'damage cache', path: part });
}

function setVariable(line, random) {
  if (random.chance(0.5))
    line.environment.AGENET_CACHE_LIMIT = random.pick(['0', '1e-9', '', ...BAD_NUMBERS, ...HOSTILE_NAMES]);
  else
    line.environment.AGENET_CACHE = random.pick([
      'one.png',
      'pipe',
      'loop',
      'null',
      'one.png/below',
      '../cache/a/b',
      ...HOSTILE_NAMES.map((name) => `../cache/${name}`),
    ]);
}

export const LINE_CHANGES = [
  [['damage a file', damageFile], 12],
  [['forge a checkpoint', forge], 4],
  [['damage the cache', damageCache], 2],
  [['set a variable', setVariable], 0.5],
  [['replace a file', replaceFile], 2],
  [['change a value', changeValue], 5],
  [['change --out', changeOut], 3],
  [['drop an option', dropOption], 2],
  [['repeat an option', repeatOption], 1],
  [['add an option of another command', addForeignOption], 2],
  [['add an unknown option', addUnknownOption], 1],
  [['change an argument', swapPositional], 3],
  [['change data', crossData], 1.5],
  [['drop an argument', dropPositional], 1],
  [['add an argument', addPositional], 1],
  [['rename a file', renameFile], 3],
  [['add to a folder', addToFolder], 2],
];
