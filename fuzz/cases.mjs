/** A fuzz case: a command line and changes to the fixtures before it runs. Both depend only on a seed and a number. */
import { extname, resolve, sep } from 'node:path';
import { COMMAND_LINES, COMMAND_WEIGHTS } from './commandLines.mjs';
import { LINE_CHANGES } from './lineChanges.mjs';
import { Random } from './random.mjs';
import { HOSTILE_VALUES } from './strings.mjs';

/**
 * @typedef {object} FileChange a change to the sandbox before the command runs
 * @property {'damage' | 'damage cache' | 'forge' | 'copy' | 'replace' | 'undecodable'} action
 * @property {string} path the fixture that changes, or the name that appears
 * @property {string} [by] the fixture that is copied or replaces it
 */

/**
 * @typedef {object} Case
 * @property {number} seed
 * @property {number} number
 * @property {string} command
 * @property {string[]} args
 * @property {FileChange[]} files
 * @property {Record<string, string>} environment variables that are set
 * @property {string[]} changes changes to a valid command line, for the report
 * @property {boolean} interrupted whether Ctrl-C comes in the middle of a training
 * @property {boolean} separate whether the command runs in a process of its own
 */

const SEPARATE = 0.02;
const INTERRUPTED = 0.06;
const WITHOUT_COMMAND = 0.015;

/**
 * @param {number} seed
 * @param {number} number
 * @returns {Case}
 */
export function caseOf(seed, number) {
  const random = new Random(seed, number);
  const separate = random.chance(SEPARATE);
  if (random.chance(WITHOUT_COMMAND))
    return {
      seed,
      number,
      command: '(none)',
      args: lineWithoutCommand(random),
      files: [],
      environment: {},
      changes: ['no command'],
      interrupted: false,
      separate,
    };
  const command = random.weighted(COMMAND_WEIGHTS);
  // A copy, because mutations modify lines in place and lines share arrays.
  const line = structuredClone({ files: [], environment: {}, changes: [], ...COMMAND_LINES[command](random) });
  const count = random.weighted([
    [0, 2],
    [1, 5],
    [2, 3],
  ]);
  while (line.changes.length < count) {
    const [name, change] = random.weighted(LINE_CHANGES);
    if (change(line, random) !== false) line.changes.push(name);
  }
  const args = render(line, random).map(insideSandbox);
  return {
    seed,
    number,
    command,
    args,
    files: line.files,
    environment: line.environment,
    changes: line.changes,
    interrupted: command === 'train' && random.chance(INTERRUPTED),
    separate,
  };
}

function lineWithoutCommand(random) {
  const command = random.pick(Object.keys(COMMAND_LINES));
  const lines = [
    [],
    ['--help'],
    ['help'],
    ['help', command],
    [command, '--help'],
    ['help', 'nonsense'],
    ['--version'],
    ['--json'],
    ['--json', command],
    ['--debug'],
    [command.slice(1)],
  ];
  return random.chance(0.7) ? random.pick(lines) : [insideSandbox(random.pick(HOSTILE_VALUES))];
}

/** The arguments of a line: options before, between or behind positionals, `--name=value` or two arguments. */
function render({ command, positionals, options, afterDashes = false }, random) {
  const given = [...options];
  // In front of everything else, so that no option takes them for its value.
  const first = [...(random.chance(0.3) ? ['--json'] : []), ...(random.chance(0.03) ? ['--debug'] : [])];
  const parts = given.map(([name, value]) => {
    if (value === undefined) return [name];
    return random.chance(0.15) ? [`${name}=${value}`] : [name, value];
  });
  if (afterDashes) return [command, ...first, ...parts.flat(), '--', ...positionals];
  const at = random.below(parts.length + 1);
  return [command, ...first, ...parts.slice(0, at).flat(), ...positionals, ...parts.slice(at).flat()];
}

const SANDBOX = resolve(sep, 'sandbox');
const FOLDER = resolve(SANDBOX, 'work');

/** Commands run with the rights of the user: no argument may name a file outside the sandbox in any interpretation. */
function insideSandbox(argument) {
  // No process can be given such a string.
  const text = argument.replaceAll('\0', '');
  const pieces = [
    text,
    ...['=', ':'].flatMap((mark) => (text.includes(mark) ? [text.slice(text.indexOf(mark) + 1)] : [])),
  ];
  const escapes = pieces.some(
    (piece) => piece.includes('/') && !`${resolve(FOLDER, piece)}${sep}`.startsWith(`${SANDBOX}${sep}`),
  );
  return escapes ? text.replaceAll('/', '_') : text;
}

/** The extension of a file without its dot. */
export const extensionOf = (path) => extname(path).slice(1).toLowerCase();

/** The command that repeats a case. */
export const reproduction = ({ seed, number }) => `npm run fuzz -- --seed ${seed} --case ${number}`;
