import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import type { GraphicsProtocol } from '../images/terminalGraphics.node.js';
import { oneLine } from '../printable.js';
import type { Terminal } from './command.js';
import type { Show } from './options.js';

/** Protocols by TERM_PROGRAM and TERM. */
const PROGRAMS: Record<string, GraphicsProtocol> = {
  ghostty: 'kitty',
  'iTerm.app': 'iterm2',
  WezTerm: 'iterm2',
  mintty: 'iterm2',
};
const TERMS: Record<string, GraphicsProtocol> = {
  'xterm-kitty': 'kitty',
  'xterm-ghostty': 'kitty',
  foot: 'sixel',
  'foot-extra': 'sixel',
  mlterm: 'sixel',
  contour: 'sixel',
};

export function detectProtocol(environment: NodeJS.ProcessEnv) {
  const { TERM = '', TERM_PROGRAM = '', LC_TERMINAL, TMUX, KITTY_WINDOW_ID } = environment;
  // Multiplexers do not pass these sequences on.
  if (TMUX !== undefined || /^(screen|tmux)/.test(TERM)) return undefined;
  // TERM travels through ssh, and LC_TERMINAL usually does.
  return (
    PROGRAMS[TERM_PROGRAM] ??
    TERMS[TERM] ??
    (KITTY_WINDOW_ID !== undefined ? 'kitty' : LC_TERMINAL === 'iTerm2' ? 'iterm2' : undefined)
  );
}

/** Returns a function that displays an image file, or reports once that the terminal cannot. */
export function imageDisplay(terminal: Terminal, show: Show | undefined, environment = process.env) {
  if (show === undefined) return () => Promise.resolve();
  const protocol = show === 'auto' ? detectProtocol(environment) : show;
  let isReported = false;
  const report = (reason: string, file: string) => {
    if (!isReported) terminal.note(`--show: ${reason}; open ${file}`);
    isReported = true;
  };
  return async (file: string) => {
    if (!terminal.isLive) return report('standard error is not a terminal', file);
    if (protocol === undefined)
      return report('this terminal is not known to display images, but may with --show=sixel', file);
    try {
      const { graphicsSequence } = await import('../images/terminalGraphics.node.js');
      terminal.showImage(await graphicsSequence(await pngOf(file), protocol, terminal.columns));
    } catch (error) {
      // A failing display must not end a run.
      report(`cannot display the image (${oneLine(String(error))})`, file);
    }
  };
}

async function pngOf(file: string) {
  if (extname(file).toLowerCase() !== '.webp') return readFile(file);
  const { encodePng, readPicture } = await import('../images/files.node.js');
  return encodePng(await readPicture(file));
}
