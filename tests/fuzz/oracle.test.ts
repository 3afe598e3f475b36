import { describe, expect, it } from 'vitest';
import { type Outcome, violations } from '../../fuzz/oracle.mjs';

const SUCCESS: Outcome = {
  ...{
    status: 0,
    signal: null,
    timedOut: false,
    stdout: 'done\n',
    stderr: '',
    native: '',
    rejections: [],
    changes: [],
    memory: 200,
    seconds: 0.1,
  },
};
const REFUSAL: Outcome = {
  ...SUCCESS,
  status: 2,
  stdout: '',
  stderr: 'agenet: run: there is no such run folder or checkpoint\n',
};
const SAMPLE = { command: 'sample', args: ['sample', 'run', '--out', 'out/x.png'] };
const JSON_SAMPLE = { command: 'sample', args: ['sample', '--json', 'run'] };
const changed = (path: string, kind: 'created' | 'removed' | 'changed' = 'created') => [{ path, kind }];

describe('the oracle', () => {
  it.each<[title: string, line: typeof SAMPLE, outcome: Outcome]>([
    ['a success', SAMPLE, SUCCESS],
    ['a refusal in one line', SAMPLE, REFUSAL],
    ['a warning before the refusal', SAMPLE, { ...REFUSAL, stderr: `warning: old\n${REFUSAL.stderr}` }],
    [
      'a result at --out and the folder above it',
      SAMPLE,
      { ...SUCCESS, changes: [...changed('work/out'), ...changed('work/out/x.png')] },
    ],
    [
      'an entry of the cache, even if the command is refused',
      SAMPLE,
      { ...REFUSAL, changes: changed('cache/images/x') },
    ],
    [
      'a result at the default path',
      JSON_SAMPLE,
      { ...SUCCESS, stdout: '{"out":"samples.png"}\n', changes: changed('work/samples.png') },
    ],
    [
      'an attribute in the run',
      { command: 'attribute', args: ['attribute', 'run'] },
      { ...SUCCESS, changes: changed('work/run/attributes/a.safetensors') },
    ],
    [
      'checkpoints that training prunes',
      { command: 'train', args: ['train', 'x', '--out', 'run'] },
      { ...SUCCESS, changes: changed('work/run/a', 'removed') },
    ],
    [
      'a stack trace that --debug asks for',
      { command: 'sample', args: ['sample', '--debug'] },
      { ...REFUSAL, stderr: 'Error: x\n    at run (a.js:1:2)\n' },
    ],
    [
      'the help without a command',
      { command: '(none)', args: [] },
      { ...REFUSAL, stderr: 'Usage: agenet [options]\n' },
    ],
    ['an error as JSON', JSON_SAMPLE, { ...REFUSAL, stdout: '{"error":{"message":"no"}}\n' }],
    [
      'an interrupted training',
      { command: 'train', args: ['train', 'x'] },
      { ...SUCCESS, status: 130, stderr: 'stopped\n' },
    ],
  ])('accepts %s', (_, line, outcome) => {
    expect(violations(line, outcome)).toEqual([]);
  });

  it.each<[title: string, line: typeof SAMPLE, outcome: Outcome, text: string]>([
    ['a hang', SAMPLE, { ...SUCCESS, timedOut: true, status: null, seconds: 60 }, 'time limit (60 s)'],
    ['a crash', SAMPLE, { ...SUCCESS, status: null, signal: 'SIGSEGV' }, 'SIGSEGV'],
    ['another exit status', SAMPLE, { ...SUCCESS, status: 7 }, 'exit status 7'],
    ['an unhandled rejection', SAMPLE, { ...SUCCESS, rejections: ['TypeError: x'] }, 'not handled: TypeError: x'],
    ['too much memory', SAMPLE, { ...SUCCESS, memory: 3500 }, '3500 MB'],
    [
      'an escape on standard output',
      SAMPLE,
      { ...SUCCESS, stdout: 'a\x1b[31mb\n' },
      'standard output holds the control character U+001b',
    ],
    [
      'a carriage return on standard error',
      SAMPLE,
      { ...REFUSAL, stderr: 'agenet: a\rb\n' },
      'standard error holds the control character U+000d',
    ],
    ['a C1 control', SAMPLE, { ...SUCCESS, stdout: '\x9b31m\n' }, 'U+009b'],
    ['a bidirectional control', SAMPLE, { ...SUCCESS, stdout: 'a\u202eb\n' }, 'U+202e'],
    ['a line separator', SAMPLE, { ...SUCCESS, stdout: 'a\u2028b\n' }, 'U+2028'],
    ['a stack trace', SAMPLE, { ...REFUSAL, stderr: '    at run (file:///a.js:1:2)\nagenet: x\n' }, 'a stack trace'],
    ['output of a native library', SAMPLE, { ...SUCCESS, native: 'W:onnxruntime' }, 'native library'],
    ['an error after success', SAMPLE, { ...SUCCESS, stderr: 'agenet: no\n' }, 'an error was printed'],
    ['a failure without a reason', SAMPLE, { ...REFUSAL, stderr: '' }, '0 lines'],
    ['two reasons', SAMPLE, { ...REFUSAL, stderr: 'agenet: a\nagenet: b\n' }, '2 lines'],
    ['a reason of two lines', SAMPLE, { ...REFUSAL, stderr: 'agenet: a\nb\n' }, 'after the error'],
    ['an empty reason', SAMPLE, { ...REFUSAL, stderr: 'agenet: undefined\n' }, 'no reason'],
    [
      'a defect as the reason',
      SAMPLE,
      { ...REFUSAL, stderr: "agenet: Cannot read properties of null (reading 'x')\n" },
      'of a defect',
    ],
    ['a reason without end', SAMPLE, { ...REFUSAL, stderr: `agenet: ${'a'.repeat(20_000)}\n` }, '20000 characters'],
    ['broken JSON', JSON_SAMPLE, { ...SUCCESS, stdout: '{"out":\n' }, 'no JSON'],
    ['text before JSON', JSON_SAMPLE, { ...SUCCESS, stdout: 'done\n{}\n' }, 'not one line'],
    ['JSON that is no object', JSON_SAMPLE, { ...SUCCESS, stdout: '[]\n' }, 'no object'],
    ['a refusal without a JSON error', JSON_SAMPLE, { ...REFUSAL, stdout: '{}\n' }, 'has no error'],
    [
      'a success with a JSON error',
      JSON_SAMPLE,
      { ...SUCCESS, stdout: '{"error":{"message":"no"}}\n' },
      'has an error',
    ],
    ['a file beside --out', SAMPLE, { ...SUCCESS, changes: changed('work/other.png') }, '"work/other.png" was created'],
    [
      'a changed input',
      SAMPLE,
      { ...SUCCESS, changes: changed('work/run/config.json', 'changed') },
      '"work/run/config.json" was changed',
    ],
    ['a removed file', SAMPLE, { ...SUCCESS, changes: changed('work/out/x.png', 'removed') }, 'was removed'],
    ['a temporary file that is left', SAMPLE, { ...SUCCESS, changes: changed('tmp/x') }, '"tmp/x" was created'],
    [
      'a refusal that writes',
      SAMPLE,
      { ...REFUSAL, changes: changed('work/out/x.png') },
      'refused, but "work/out/x.png" was created',
    ],
    [
      'a dry run that writes',
      { command: 'train', args: ['train', 'x', '--dry-run'] },
      { ...SUCCESS, changes: changed('work/runs/x') },
      '"work/runs/x"',
    ],
    [
      'a file beside attributes',
      { command: 'attribute', args: ['attribute', 'run'] },
      { ...SUCCESS, changes: changed('work/run/x') },
      '"work/run/x"',
    ],
  ])('rejects %s', (_, line, outcome, text) => {
    expect(violations(line, outcome).join('\n')).toContain(text);
  });
});
