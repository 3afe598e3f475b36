/** Rules that hold for the outcome of every command line. */
import { normalize } from 'node:path';

/**
 * @typedef {object} Outcome
 * @property {number | null} status the exit status, or null if there was none
 * @property {string | null} signal the signal that ended the process
 * @property {boolean} timedOut
 * @property {string} stdout
 * @property {string} stderr
 * @property {string} native output of native libraries to the terminal
 * @property {string[]} rejections unhandled rejections, uncaught exceptions, calls of process.exit
 * @property {{ path: string, kind: 'created' | 'removed' | 'changed' }[]} changes
 * @property {number} memory the largest resident memory, in MB
 * @property {number} seconds
 */

/** Resident memory that no tiny case may exceed, in MB. */
const MAX_MEMORY = 3000;
/** Longest reason that still is a line that people read. */
const MAX_REASON = 2500;

const STATUSES = [0, 1, 2, 130];
const [OK, REFUSED, INTERRUPTED] = [0, 2, 130];
/** C0 except the line feed, DEL, C1, bidirectional controls, and separators of lines. */
const CONTROLS = /(?!\n)[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;
const STACK_FRAME = /^ {2,}at .*(:\d+:\d+\)?|<anonymous>\)?)$|^node:internal|^Node\.js v\d/m;

/**
 * Returns the rules that an outcome breaks, one line each; none if it is allowed.
 * @param {{ command: string, args: string[] }} line
 * @param {Outcome} outcome
 * @returns {string[]}
 */
export function violations(line, outcome) {
  if (outcome.timedOut) return [`did not end within the time limit (${outcome.seconds.toFixed(0)} s)`];
  if (outcome.signal !== null) return [`the process was ended by ${outcome.signal}`];
  return [
    ...statusRules(outcome),
    ...outputRules(line, outcome),
    ...errorRules(line, outcome),
    ...jsonRules(line, outcome),
    ...fileRules(line, outcome),
  ];
}

function statusRules({ status, rejections, memory }) {
  return [
    ...(STATUSES.includes(status) ? [] : [`exit status ${status}`]),
    ...rejections.map((text) => `not handled: ${text}`),
    ...(memory > MAX_MEMORY ? [`took ${memory.toFixed(0)} MB of memory`] : []),
  ];
}

function outputRules({ args }, { stdout, stderr, native }) {
  const found = [
    ['standard output', stdout],
    ['standard error', stderr],
  ].flatMap(([name, text]) => {
    const control = CONTROLS.exec(text);
    return control
      ? [`${name} holds the control character U+${control[0].codePointAt(0).toString(16).padStart(4, '0')}`]
      : [];
  });
  if (!args.includes('--debug') && STACK_FRAME.test(`${stdout}\n${stderr}`)) found.push('a stack trace was printed');
  if (native !== '') found.push(`a native library wrote to the terminal: ${JSON.stringify(native.slice(0, 200))}`);
  return found;
}

/** A failure has one line that gives the reason, the last one; a success has none. */
function errorRules({ command, args }, { status, stderr }) {
  const lines = stderr.split('\n').filter((text) => text !== '');
  const reasons = lines.filter((text) => text.startsWith('agenet: '));
  if (status === OK || status === INTERRUPTED)
    return reasons.length > 0 ? [`exit status ${status}, but an error was printed`] : [];
  if (args.includes('--debug') || isUsage(command, stderr) || isFailedVerification(command, status, reasons)) return [];
  if (reasons.length !== 1) return [`exit status ${status} with ${reasons.length} lines that begin with "agenet: "`];
  if (lines.at(-1) !== reasons[0]) return ['lines were printed after the error'];
  const reason = reasons[0].slice('agenet: '.length);
  if (reason.trim() === '' || /^(undefined|null|\[object \w+\])$/.test(reason)) return ['the error gives no reason'];
  if (DEFECT.test(reason)) return [`the reason is that of a defect: ${reason.slice(0, 200)}`];
  return reason.length > MAX_REASON ? [`the reason has ${reason.length} characters`] : [];
}

/** Messages of JavaScript engines and libraries about defects of the program. */
const DEFECT =
  /Cannot read propert|is not a function|is not iterable|is not defined|Invalid array length|Invalid typed array length|Maximum call stack|Cannot convert|Offset is outside|out of bounds|Array buffer allocation|ERR_[A-Z_]+|Cannot mix BigInt|toString\(\) radix|Invalid string length|Cannot destructure/;

/** Without a command, the help is printed. */
const isUsage = (command, stderr) => command === '(none)' && stderr.startsWith('Usage: agenet');

/** A verification that fails gives its errors as results. */
const isFailedVerification = (command, status, reasons) => command === 'verify' && status === 1 && reasons.length === 0;

function jsonRules({ args }, { status, stdout }) {
  if (
    !args.includes('--json') ||
    (status === OK && /^(Usage: |\d+\.\d+\.\d+\n$)/.test(stdout)) ||
    (args.length === 1 && stdout === '')
  )
    return [];
  if (!/^[^\n]+\n$/.test(stdout)) return ['--json: standard output is not one line'];
  let result;
  try {
    result = JSON.parse(stdout);
  } catch {
    return ['--json: standard output is no JSON'];
  }
  if (typeof result !== 'object' || result === null || Array.isArray(result))
    return ['--json: the result is no object'];
  const isError = typeof result.error?.message === 'string';
  if (status === REFUSED && !isError) return ['--json: exit status 2, but the object has no error'];
  return status === OK && isError ? ['--json: exit status 0, but the object has an error'] : [];
}

/** Paths in the sandbox that commands may write besides the cache, as regular expressions. */
const IN_RUN = {
  attribute: /^work\/(.+\/)?attributes(\/[^/]+\.safetensors)?$/su,
  probe: /^work\/(.+\/)?probes(\/[^/]+\.safetensors)?$/su,
  evaluate: /^work\/(.+\/)?(evaluation-\d+(-raw)?\.json|nearest-\d+(-raw)?\.png)$/su,
};
const DEFAULT_OUTS = {
  train: 'runs',
  complete: 'completed',
  sample: 'samples.png',
  reconstruct: 'reconstructions.png',
  interpolate: 'interpolation.png',
  search: 'search.png',
  map: 'map.png',
  timelapse: 'timelapse.webp',
  encode: 'codes.npz',
};

/** Commands that also remove files of earlier results in their folder. */
const REMOVING = ['train', 'export'];

function fileRules({ command, args }, { status, changes }) {
  const out = outOf(command, args);
  const isAllowed = ({ path, kind }) => {
    if (path.startsWith('cache/')) return true;
    if (status === REFUSED) return false;
    if (IN_RUN[command]?.test(path)) return kind !== 'removed';
    if (out === undefined) return false;
    const isInside = path === out || path.startsWith(`${out}/`);
    // Folders above the output may have to be made.
    return isInside
      ? kind !== 'removed' || REMOVING.includes(command)
      : kind === 'created' && out.startsWith(`${path}/`);
  };
  const refused = changes.filter((change) => !isAllowed(change));
  return refused
    .slice(0, 5)
    .map(({ path, kind }) => `${status === REFUSED ? 'refused, but ' : ''}${JSON.stringify(path)} was ${kind}`);
}

/** Returns the last value of an option, or undefined if it has none. */
const valueOf = (name, options) =>
  options
    .flatMap((each, index) =>
      each.startsWith(`${name}=`) ? [each.slice(name.length + 1)] : each === name ? [options[index + 1]] : [],
    )
    .findLast((value) => value !== undefined && !value.startsWith('-'));

/** Returns the path in the sandbox of a command's results, or undefined if it writes none. */
function outOf(command, args) {
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  if (command === 'train' && options.includes('--dry-run')) return undefined;
  const resumed = command === 'train' ? valueOf('--resume', options) : undefined;
  const given = resumed ?? valueOf('--out', options) ?? DEFAULT_OUTS[command];
  if (given === undefined) return undefined;
  const path = normalize(`work/${given}`).replace(/\/$/, '');
  return Buffer.from(path).toString('latin1');
}
