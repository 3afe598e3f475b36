import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ListedRun } from '../../studio/schemas.js';
import type { Action, Subcommand } from '../command.js';
import { wholeNumber } from '../options.js';
import { requirePath } from '../output.js';
import { withSignals } from '../signals.js';

const DEFAULT_PORT = 6090;

export const summary = 'start, watch, steer and explore runs in a web page';
export const group = 'Training:';
export const details = `
Examples:
  agenet studio                                   the runs in the folder runs
  agenet studio experiments --data photos         other runs; new ones can be trained on the images in photos
  agenet studio --host 0.0.0.0                    also for other machines
  agenet studio --allow-host lab.example          behind a proxy of this name
`;

export const define = (command: Subcommand) =>
  command
    .argument('[folder]', 'folder of the runs', 'runs')
    .option('--port <number>', 'port of the page; 0 = any free one', wholeNumber(0, 65535), DEFAULT_PORT)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--allow-host <names...>', 'further names by which the studio is reached, such as the name of a proxy')
    .option(
      '--data <data...>',
      'further data that runs can be started on: folders of images, or data sets with their paths',
    )
    .option('--parallel <number>', 'runs that train at a time; others wait in a queue', wholeNumber(1, 64), 1)
    .option('--no-open', 'do not open the page in a browser');

export const action: Action<typeof define> = async (terminal, folder, options) => {
  const { startStudio } = await import('../../studio/studio.node.js');
  requirePath(folder);
  const { port, host, allowHost = [], data = [], parallel } = options;
  const running = await startStudio({
    ...{ folder, host, allowedHosts: allowHost, port, parallel, data },
    program: [process.execPath, fileURLToPath(new URL('../main.js', import.meta.url))],
    onFailure: (error) =>
      terminal.error(`agenet: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  });
  return withSignals(terminal, async (signal) => {
    terminal.note(`studio of ${folder}: ${running.urlWithToken}`);
    terminal.note('press Ctrl-C to end it; runs continue to train without it');
    const closePage = options.open ? openInBrowser(running.urlWithToken) : undefined;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    closePage?.();
    const unfinished = await running.unfinished();
    await running.close();
    describe(unfinished).forEach(terminal.print);
    return { result: { url: running.url, unfinished: unfinished.map(({ id, state }) => ({ run: id, state })) } };
  });
};

function describe(runs: readonly ListedRun[]) {
  const training = runs.filter(({ state }) => state !== 'queued');
  const waiting = runs.length - training.length;
  const lines = training.map(({ id, state, step, totalSteps }) => {
    const progress = `at iteration ${step}${totalSteps === null ? '' : ` of ${totalSteps}`}`;
    return `${id}: ${state === 'paused' ? 'paused' : 'still training'} ${progress}`;
  });
  const subject = waiting === 1 ? 'run waits' : 'runs wait';
  return waiting === 0 ? lines : [...lines, `${waiting} ${subject} in the queue until the studio starts again`];
}

/** Opens a URL in a browser, if there is one. Returns a function that removes its file. */
function openInBrowser(url: string) {
  // Other users can read the token in a command line, but not in this folder.
  const folder = mkdtempSync(join(tmpdir(), 'agenet-studio-'));
  const page = join(folder, 'open.html');
  writeFileSync(page, `<meta http-equiv="refresh" content="0;url=${url}" />`);
  const [program, ...args] =
    process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
  const child = spawn(program, [...args, page], { detached: true, stdio: 'ignore' });
  // The URL is printed as well.
  child.once('error', () => undefined);
  child.unref();
  return () => rmSync(folder, { recursive: true, force: true });
}
