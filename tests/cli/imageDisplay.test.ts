import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { detectProtocol, imageDisplay } from '../../src/cli/imageDisplay.js';
import { Terminal } from '../../src/cli/terminal.js';
import { encodePng } from '../../src/images/files.node.js';
import { temporaryFolder } from '../temporaryFolder.js';

/**
 * A terminal that records what is written to standard output and standard error, with escape characters spelled out.
 */
function recorded(isTTY: boolean) {
  const [out, err]: [string[], string[]] = [[], []];
  const stream = (texts: string[]) => ({ isTTY, columns: 40, write: (text: string) => texts.push(text) });
  return {
    terminal: new Terminal(false, stream(out), stream(err)),
    out: () => out.join(''),
    err: () => err.join('').replaceAll('\x1b', 'ESC'),
  };
}

async function writtenPng(): Promise<string> {
  const file = join(temporaryFolder(), 'image.png');
  writeFileSync(file, await encodePng({ width: 2, height: 2, channels: 1, data: Uint8Array.of(0, 80, 160, 240) }));
  return file;
}

const KITTY = { TERM: 'xterm-kitty' };

describe('detectProtocol', () => {
  it.each([
    [{ TERM: 'xterm-kitty', KITTY_WINDOW_ID: '1' }, 'kitty'],
    [{ TERM: 'xterm-256color', TERM_PROGRAM: 'ghostty' }, 'kitty'],
    [{ TERM: 'xterm-256color', TERM_PROGRAM: 'iTerm.app' }, 'iterm2'],
    [{ TERM: 'xterm-256color', LC_TERMINAL: 'iTerm2' }, 'iterm2'],
    [{ TERM: 'xterm-256color', TERM_PROGRAM: 'WezTerm' }, 'iterm2'],
    [{ TERM: 'foot' }, 'sixel'],
    [{ TERM: 'xterm-256color' }, undefined],
    [{ TERM: 'tmux-256color', TERM_PROGRAM: 'iTerm.app' }, undefined],
    [{ TERM: 'xterm-kitty', TMUX: '/tmp/tmux-0/default,1,0' }, undefined],
    [{}, undefined],
  ])('maps %j to %s', (environment, protocol) => {
    expect(detectProtocol(environment)).toBe(protocol);
  });
});

describe('imageDisplay', () => {
  it('writes the image to standard error, below the status line', async () => {
    const { terminal, out, err } = recorded(true);
    terminal.status('1/2');
    await imageDisplay(terminal, 'auto', KITTY)(await writtenPng());
    expect(err()).toMatch(/1\/2\nESC_Ga=T,f=100,q=2,c=1,m=0;[\w+/=]+ESC\\\n$/);
    expect(out()).toBe('');
  });

  it('assumes 80 columns if the terminal does not report its width', async () => {
    const [texts, file] = [[] as string[], join(temporaryFolder(), 'wide.png')];
    writeFileSync(file, await encodePng({ width: 1000, height: 1, channels: 1, data: new Uint8Array(1000) }));
    const stream = { isTTY: true, columns: 0, write: (text: string) => texts.push(text) };
    await imageDisplay(new Terminal(false, stream, stream), 'kitty', {})(file);
    expect(texts.join('')).toContain('c=80,');
  });

  it('uses the requested protocol in an unknown terminal', async () => {
    const { terminal, err } = recorded(true);
    await imageDisplay(terminal, 'sixel', {})(await writtenPng());
    expect(err()).toMatch(/^ESCPq"1;1;2;2/);
  });

  it.each([
    ['a pipe', false, 'sixel', {}, 'standard error is not a terminal'],
    ['an unknown terminal', true, 'auto', {}, 'this terminal is not known to display images'],
  ] as const)(
    'prints one line with the first path on %s, and no escape sequences',
    async (_, isTTY, show, environment, reason) => {
      const { terminal, out, err } = recorded(isTTY);
      const file = await writtenPng();
      const display = imageDisplay(terminal, show, environment);
      await display(file);
      await display('second.png');
      expect(err()).toMatch(/^--show: .*\n$/);
      expect(err()).not.toContain('ESC');
      expect(err()).toContain(reason);
      expect(err()).toContain(`open ${file}`);
      expect(out()).toBe('');
    },
  );

  it('reports a file that cannot be read, and does not throw', async () => {
    const { terminal, err } = recorded(true);
    await imageDisplay(terminal, 'kitty', {})('missing.png');
    expect(err()).toMatch(/^--show: cannot display the image \(.*ENOENT.*\); open missing\.png\n$/);
  });

  it('displays nothing without --show', async () => {
    const { terminal, err } = recorded(true);
    await imageDisplay(terminal, undefined, KITTY)('missing.png');
    expect(err()).toBe('');
  });
});
