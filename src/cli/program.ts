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
import { Terminal, writeHelp, writeHelpAsError } from './terminal.js';
import { trainCommand } from './train.js';
import { verifyCommand } from './verify.js';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

const FIRST_STEPS = `
First steps:
  agenet train mnist --steps 1000 --out runs/first
  agenet sample runs/first --out samples.png
`;

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

/** Runs a command line, without the names of the program, and sets the exit status of the process. */
export async function run(args: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version were asked for and printed; help without a command was not.
    if (error.exitCode === 0) process.exitCode = 0;
    else {
      if (error.code !== 'commander.help') reportError(error.message.replace(/^error: /, ''), new Terminal(args.includes('--json')), false);
      process.exitCode = STATUS.badInput;
    }
  }
}

function createProgram(): Command {
  const program: Command = new Command('agenet')
    .description('Train, explore and ship Adversarial Generator-Encoder networks')
    .version(version)
    .addHelpText('after', FIRST_STEPS);
  for (const command of COMMANDS) program.addCommand(command());
  for (const command of [program, ...program.commands]) {
    // Commander would print its own messages and exit with status 1; here a wrong command line is bad input.
    command.exitOverride();
    command.configureOutput({ writeOut: writeHelp, writeErr: writeHelpAsError, outputError: () => undefined });
  }
  return program;
}
