import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RunSummary } from '../../studio/schemas.js';
import { type ActionResult, runAction, type Subcommand, type Terminal } from '../command.js';
import { wholeNumber } from '../options.js';
import { requirePath } from '../output.js';
import { withSignals, WRITING } from '../signals.js';

const EXAMPLES = `
Examples:
  agenet studio                                   the runs in the folder runs
  agenet studio experiments --data photos         other runs; new ones can be trained on the images in photos
  agenet studio --host 0.0.0.0                    also for other machines; the printed URL contains a token
`;

const DEFAULT_PORT = 6090;

export const summary = 'start, watch, steer and explore runs in a web page';
export const group = 'Training:';

export const define = (command: Subcommand) =>
  command
    .argument('[folder]', 'folder of the runs', 'runs')
    .option('--port <number>', 'port of the page; 0 = any free one', wholeNumber(0, 65535), DEFAULT_PORT)
    .option(
      '--host <address>',
      'address to listen on; any other than this machine requires the token in the printed URL',
      '127.0.0.1',
    )
    .option(
      '--data <data...>',
      'further data that runs can be started on: folders of images, or data sets with their paths',
    )
    .option('--trainings <number>', 'trainings at a time; more wait in a queue', wholeNumber(1, 64), 1)
    .option('--no-open', 'do not open the page in a browser')
    .addHelpText('after', EXAMPLES)
    .action((folder, options) => runAction(options, (terminal) => studio(folder, options, terminal)));

interface Options {
  readonly port: number;
  readonly host: string;
  readonly data?: readonly string[] | undefined;
  readonly trainings: number;
  readonly open: boolean;
}

async function studio(
  folder: string,
  { port, host, data = [], trainings, open }: Options,
  terminal: Terminal,
): Promise<ActionResult> {
  const { startStudio } = await import('../../studio/studio.node.js');
  requirePath(folder);
  const onFailure = (error: unknown): void =>
    terminal.error(`agenet: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  const running = await startStudio({
    folder,
    host,
    port,
    trainings,
    data,
    program: [process.execPath, fileURLToPath(new URL('../main.js', import.meta.url))],
    onFailure,
  });
  return withSignals(terminal, WRITING, async (signal) => {
    terminal.note(`studio of ${folder}: ${running.urlWithToken}`);
    terminal.note('press Ctrl-C to end it; trainings continue without it');
    // The token would be in the list of processes.
    if (open && running.url === running.urlWithToken) openInBrowser(running.url);
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    const unfinished = await running.unfinished();
    await running.close();
    for (const line of describe(unfinished)) terminal.print(line);
    return { result: { url: running.url, unfinished: unfinished.map(({ id, state }) => ({ run: id, state })) } };
  });
}

/** What is still training, and how it is stopped. */
function describe(runs: readonly RunSummary[]): string[] {
  const waiting = runs.filter(({ state }) => state === 'queued').length;
  return [
    ...runs
      .filter(({ state }) => state !== 'queued')
      .map(
        ({ id, state, step, totalSteps }) =>
          `${id}: ${state === 'paused' ? 'paused' : 'still training'} at iteration ${step}${totalSteps === null ? '' : ` of ${totalSteps}`}`,
      ),
    ...(waiting > 0
      ? [
          `${waiting} ${waiting === 1 ? 'training waits' : 'trainings wait'} in the queue until the studio is started again`,
        ]
      : []),
  ];
}

/** Opens a URL in the browser of the desktop, if there is one. */
function openInBrowser(url: string): void {
  const [program, ...args] =
    process.platform === 'darwin' ? ['open'] : process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
  const child = spawn(program, [...args, url], { detached: true, stdio: 'ignore' });
  // The URL is printed as well.
  child.once('error', () => undefined);
  child.unref();
}
