import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Terminal } from '../../src/cli/terminal.js';
import { escapeControls, jsonLine, oneLine, shortenReason } from '../../src/printable.js';

/** Characters that a terminal acts on instead of showing them. */
const ACTIVE = /[\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/u;

/** Strings with many control characters. */
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\n', '\r', '\x1b', '\x9b', '\x7f', '\t', '\0', '\u202e', '\u2028', 'a', ' '),
    fc.string({ minLength: 1, maxLength: 1, unit: 'grapheme' }),
  ),
});

/** A terminal whose streams keep what is written. */
function recorded(json = false, isTTY = false) {
  const [out, err]: [string[], string[]] = [[], []];
  const stream = (texts: string[]) => ({ isTTY, columns: 40, write: (text: string) => texts.push(text) });
  return { terminal: new Terminal(json, stream(out), stream(err)), out: () => out.join(''), err: () => err.join('') };
}

describe('escaped text', () => {
  it('contains nothing that a terminal interprets, whatever its source', () => {
    fc.assert(
      fc.property(
        hostile,
        (text) =>
          !ACTIVE.test(escapeControls(text)) && !ACTIVE.test(oneLine(text)) && !ACTIVE.test(jsonLine({ [text]: text })),
      ),
    );
  });

  it('escapes control characters and keeps all other text', () => {
    expect(escapeControls('\x1b[31mred\x1b[0m\na\tb\x9b\u202e\x7f')).toBe(
      '\\x1b[31mred\\x1b[0m\\na\\tb\\x9b\\u202e\\x7f',
    );
    expect(escapeControls('Größe 数 👩‍🎨 ✓')).toBe('Größe 数 👩‍🎨 ✓');
  });

  it('is still the same JSON', () => {
    fc.assert(fc.property(hostile, (text) => (JSON.parse(jsonLine({ text })) as { text: string }).text === text));
  });
});

describe('oneLine', () => {
  it('joins lines with spaces', () => {
    expect(oneLine('  first \n\n second\r\n third')).toBe('first second third');
  });

  // Matching again from each space would take longer than the test may.
  it('joins megabytes of spaces', () => {
    const inner = `a${' '.repeat(2 ** 20)}b`;
    const texts = [' '.repeat(2 ** 20), ' \n'.repeat(2 ** 19), inner];
    expect(texts.map((text) => oneLine(text).length)).toEqual([0, 0, inner.length]);
  });
});

describe('shortenReason', () => {
  it('keeps a short reason, and removes the middle of a long one', () => {
    expect(shortenReason('run: not found')).toBe('run: not found');
    const shortened = shortenReason(`--width: ${'9'.repeat(100_000)} is too large; give at most 1024`);
    expect(shortened).toMatch(/^--width: 9+ \[98\d{3} more characters\] 9+ is too large; give at most 1024$/);
    expect(shortened.length).toBeLessThan(2100);
  });
});

describe('Terminal', () => {
  it('prints exactly one line per call, whatever a name contains', () => {
    fc.assert(
      fc.property(hostile, (name) => {
        const { terminal, out, err } = recorded();
        terminal.print(name);
        terminal.note(name);
        terminal.status(name);
        return [out(), err()].join('').split('\n').length === 4;
      }),
    );
  });

  it('erases its status line for a note, and keeps the last one above the results', () => {
    const { terminal, out, err } = recorded(false, true);
    terminal.status('1/2');
    terminal.note('remark');
    terminal.status('2/2');
    terminal.print('result');
    expect(err()).toBe('\r\x1b[2K1/2\r\x1b[2Kremark\n\r\x1b[2K2/2\n');
    expect(out()).toBe('result\n');
  });

  it('clips the status line to its width, and only on a terminal', () => {
    const [live, plain] = [recorded(false, true), recorded()];
    for (const { terminal } of [live, plain]) terminal.status('x'.repeat(100));
    expect(live.err()).toBe(`\r\x1b[2K${'x'.repeat(39)}`);
    expect(plain.err()).toBe(`${'x'.repeat(100)}\n`);
  });

  it('prints only the JSON object on standard output with --json', () => {
    const { terminal, out } = recorded(true);
    terminal.print('result');
    terminal.printObject({ a: 1 });
    terminal.printResult({ a: '\x9b' });
    expect(out()).toBe('{"a":"\\u009b"}\n');
  });

  it('survives streams that throw', () => {
    const broken = {
      isTTY: false as const,
      columns: 80,
      write: () => {
        throw new Error('EIO');
      },
    };
    const terminal = new Terminal(false, broken, broken);
    expect(() => {
      terminal.print('a');
      terminal.note('b');
      terminal.status('c');
    }).not.toThrow();
  });
});
