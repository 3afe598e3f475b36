/** The process of `tryDevice`: runs a small graph on a device, and prints `{}` or `{"reason": ...}`. */
import { writeSync } from 'node:fs';
import { InputError } from '../../errors.js';
import { graphOf } from '../graph.js';
import { matMul } from '../operators/matrix.js';
import { input } from '../value.js';
import { compile, type Device, prepareProcess } from './native.node.js';
import { providerReason } from './nodeBinding.node.js';
import { loadOnnxRuntime } from './onnxRuntime.node.js';

const SIZE = 4;

/** Squares a matrix of ones, whose product has SIZE in every entry. */
async function run(device: Device): Promise<string | undefined> {
  const x = input('x', [SIZE, SIZE]);
  const program = await compile(graphOf({ y: matMul(x, x) }), { device, threads: 1 });
  const { y } = await program.run({ x: new Float32Array(SIZE * SIZE).fill(1) });
  const wrong = (y!.data as Float32Array).find((value) => value !== SIZE);
  await program.release();
  return wrong === undefined ? undefined : `wrong result: ${wrong} instead of ${SIZE}`;
}

prepareProcess();
await loadOnnxRuntime();
const reason = await run(process.argv[2] as Device).catch((error: unknown) =>
  providerReason((error instanceof InputError ? error.cause : undefined) ?? error),
);
writeSync(1, `\n${JSON.stringify(reason === undefined ? {} : { reason: reason.replace(/\s+/gu, ' ') })}\n`);
// Threads of a driver may keep the process alive.
process.exit(0);
