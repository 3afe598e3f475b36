import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { readdirSync } from 'node:fs';
import { parse } from 'node:path';
import { VERSION } from '../version.node.js';
import { COMMAND_GROUPS, type CommandModule, reportError, STATUS, subcommand } from './command.js';
import { runAlone, runTogether } from './ranks.js';
import { Terminal, writeHelp, writeHelpAsError } from './terminal.js';

const FIRST_STEPS = `
First steps:
  agenet train mnist --steps 1000 --out runs/first
  agenet sample runs/first --out samples.png
`;

/** Runs a command line, and sets the exit status. */
export async function run(args: readonly string[]) {
  try {
    const line = args[0] === 'help' ? [...args.slice(1), '--help'] : args;
    const program = createProgram(await commandsFor(line[0]));
    await program.parseAsync(line, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version are errors with status 0, except the help that answers a missing command.
    if (error.exitCode === 0) process.exitCode = 0;
    else {
      if (error.code !== 'commander.help')
        reportError(error.message.replace(/^error: /, ''), new Terminal(args.includes('--json')), false);
      process.exitCode = STATUS.badInput;
    }
  }
}

const COMMANDS = new URL('commands/', import.meta.url);

const importCommand = async (file: string) => (await import(new URL(file, COMMANDS).href)) as CommandModule;

/** Returns the command of this name, or the summaries of all if there is none. */
async function commandsFor(first: string | undefined) {
  if (first === '--version' || first === '-V') return [];
  const files = readdirSync(COMMANDS).filter((file) => /^[a-z]+(-[a-z]+)*\.[jt]s$/.test(file));
  const found = files.find((file) => parse(file).name === first);
  if (found !== undefined) return [await createCommand(parse(found).name, await importCommand(found))];
  const modules = await Promise.all(
    files.map(async (file) => ({ name: parse(file).name, ...(await importCommand(file)) })),
  );
  const position = ({ group }: CommandModule) => COMMAND_GROUPS.indexOf(group);
  return modules
    .sort((a, b) => position(a) - position(b) || (a.name < b.name ? -1 : 1))
    .map(({ name, ...module }) => subcommand(name, module));
}

async function createCommand(name: string, module: CommandModule): Promise<CommandUnknownOpts> {
  const command = await module.define(subcommand(name, module));
  const run = module.isDistributed ? runTogether : runAlone;
  return command.action((...parsed) => {
    const values = parsed.slice(0, -1) as never[];
    return run(command, (terminal, world) => module.action(terminal, ...values, world as never));
  });
}

function createProgram(commands: readonly CommandUnknownOpts[]): Command {
  const program: Command = new Command('agenet')
    .description('Train, explore and ship Adversarial Generator-Encoder networks')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .addHelpText('after', FIRST_STEPS);
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...program.commands]) {
    // Commander would print its own messages and exit with status 1.
    command.exitOverride();
    command.configureOutput({ writeOut: writeHelp, writeErr: writeHelpAsError, outputError: () => undefined });
  }
  return program;
}
