import { TOLERANCE, type Verification, verify } from '../../golden/verification.js';
import { decodeSafetensors } from '../../engine/index.js';
import { wrapReadErrors } from '../../files/atomic.node.js';
import { readRegularFile } from '../../files/regularFile.node.js';
import { type ActionResult, runAction, STATUS, subcommand, type Terminal } from '../command.js';
import { compilerOf, type CompilerOptions, deviceOption, plainOption, threadsOption } from '../options.js';

export const verifyCommand = () =>
  subcommand('verify', 'check losses, gradients and updates against golden files')
    .argument('<files...>', 'safetensors files with inputs and expected results')
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addOption(plainOption())
    .action((files, options) => runAction(options, (terminal) => verifyFiles(files, options, terminal)));

async function verifyFiles(paths: readonly string[], options: CompilerOptions, terminal: Terminal): Promise<ActionResult> {
  const files: Verification[] = [];
  for (const path of paths) {
    const bytes = await wrapReadErrors(path, () => readRegularFile(path));
    const verification = await verify(decodeSafetensors(bytes, path), path, compilerOf(options, terminal));
    files.push(verification);
    terminal.print(`${path}: ${verification.max_error <= TOLERANCE ? 'passed' : 'FAILED'}`);
    for (const [group, error] of Object.entries(verification.groups)) terminal.print(`  ${group.padEnd(24)} ${error.toExponential(1)}`);
  }
  const max_error = Math.max(...files.map((file) => file.max_error));
  const passed = max_error <= TOLERANCE;
  terminal.print(`largest error ${max_error.toExponential(1)}, ${passed ? 'within' : 'above'} the tolerance ${TOLERANCE.toExponential(0)}`);
  return { result: { files, max_error, passed }, ...(passed ? {} : { status: STATUS.failed }) };
}
