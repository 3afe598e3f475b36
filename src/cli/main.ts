#!/usr/bin/env -S node --max-semi-space-size=4
import { Command, CommanderError } from '@commander-js/extra-typings';
import { createRequire } from 'node:module';
import { attributeCommand } from './attribute.js';
import { benchCommand } from './bench.js';
import { classifyCommand } from './classify.js';
import { reportError, STATUS } from './command.js';
import { compareCommand } from './compare.js';
import { datasetCommand } from './dataset.js';
import { doctorCommand } from './doctor.js';
import { encodeCommand } from './encode.js';
import { evaluateCommand } from './evaluate.js';
import { filmCommand } from './film.js';
import { infoCommand } from './info.js';
import { interpolateCommand } from './interpolate.js';
import { mapCommand } from './map.js';
import { probeCommand } from './probe.js';
import { reconstructCommand } from './reconstruct.js';
import { sampleCommand } from './sample.js';
import { searchCommand } from './search.js';
import { trainCommand } from './train.js';
import { verifyCommand } from './verify.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

const FIRST_STEPS = `
First steps:
  agenet train mnist --steps 1000 --out runs/first
  agenet sample runs/first --out samples.png
`;

const program = new Command('agenet')
  .description('Train, explore and ship Adversarial Generator-Encoder networks')
  .version(version)
  .addHelpText('after', FIRST_STEPS);
const COMMANDS = [
  trainCommand,
  sampleCommand,
  reconstructCommand,
  interpolateCommand,
  attributeCommand,
  searchCommand,
  mapCommand,
  filmCommand,
  encodeCommand,
  evaluateCommand,
  compareCommand,
  probeCommand,
  classifyCommand,
  infoCommand,
  datasetCommand,
  verifyCommand,
  benchCommand,
  doctorCommand,
];
for (const command of COMMANDS) program.addCommand(command());

/** Commander prints its own messages, and knows only status 1; here a wrong command line is bad input. */
function useOurErrors(command: { exitOverride(): unknown; configureOutput(configuration: { outputError: (text: string) => void }): unknown }): void {
  command.exitOverride();
  command.configureOutput({ outputError: () => undefined });
}
[program, ...program.commands].forEach(useOurErrors);

// A reader that has seen enough (`| head`) is no reason to lose what is under way.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version were asked for and printed; help without a command was not.
  if (error.exitCode === 0) process.exitCode = 0;
  else if (error.code === 'commander.help') process.exitCode = STATUS.badInput;
  else {
    reportError(error.message.replace(/^error: /, '').replace(/^unknown command/, 'unknown command'), process.argv.includes('--json'), false);
    process.exitCode = STATUS.badInput;
  }
}
