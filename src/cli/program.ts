import { Command, CommanderError } from '@commander-js/extra-typings';
import { createRequire } from 'node:module';
import { attributeCommand } from './commands/attribute.js';
import { benchCommand } from './commands/bench.js';
import { classifyCommand } from './commands/classify.js';
import { reportError, STATUS } from './command.js';
import { compareCommand } from './commands/compare.js';
import { datasetCommand } from './commands/dataset.js';
import { doctorCommand } from './commands/doctor.js';
import { encodeCommand } from './commands/encode.js';
import { evaluateCommand } from './commands/evaluate.js';
import { filmCommand } from './commands/timelapse.js';
import { infoCommand } from './commands/info.js';
import { interpolateCommand } from './commands/interpolate.js';
import { mapCommand } from './commands/map.js';
import { probeCommand } from './commands/probe.js';
import { reconstructCommand } from './commands/reconstruct.js';
import { sampleCommand } from './commands/sample.js';
import { searchCommand } from './commands/search.js';
import { Terminal, writeHelp, writeHelpAsError } from './terminal.js';
import { trainCommand } from './commands/train.js';
import { verifyCommand } from './commands/verify.js';

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
