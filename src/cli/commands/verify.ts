import type { Verification } from '../../golden/verification.js';
import { readFileBytes } from '../../files/regularFile.node.js';
import { type Action, STATUS, type Subcommand } from '../command.js';
import { compilerOf, deviceOption, loweringOption, threadsOption } from '../options.js';

export const summary = 'check losses, gradients and updates against golden files';
export const group = 'Data and environment:';
export const isDistributed = true;

export const define = (command: Subcommand) =>
  command
    .argument('<files...>', 'safetensors files with inputs and expected results')
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(loweringOption());

export const action: Action<typeof define> = async (terminal, paths, options, world) => {
  const { TOLERANCE, verify } = await import('../../golden/verification.js');
  const { decodeSafetensors } = await import('../../engine/index.js');
  const compile = compilerOf(options, terminal, { communicator: world, cores: world?.cores });
  const files: Verification[] = [];
  for (const path of paths) {
    const bytes = await readFileBytes(path);
    const verification = await verify(decodeSafetensors(bytes, path), path, compile);
    files.push(verification);
    terminal.print(`${path}: ${verification.max_error <= TOLERANCE ? 'passed' : 'FAILED'}`);
    for (const [group, error] of Object.entries(verification.groups))
      terminal.print(`  ${group.padEnd(24)} ${error.toExponential(1)}`);
  }
  const max_error = Math.max(...files.map((file) => file.max_error));
  const passed = max_error <= TOLERANCE;
  terminal.print(
    `largest error ${max_error.toExponential(1)}, ${passed ? 'within' : 'above'} the tolerance ${TOLERANCE.toExponential(0)}`,
  );
  return { result: { files, max_error, passed }, status: passed ? 0 : STATUS.failed };
};
