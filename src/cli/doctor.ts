import { availableParallelism } from 'node:os';
import { blockSizeOfProcessor } from '../engine/runtime/blockSize.js';
import { directRuntime, offeredDevices, RUNTIME_VERSION } from '../engine/runtime/native.js';
import { perform, subcommand } from './command.js';

export const doctorCommand = () =>
  subcommand('doctor', 'say what this machine computes with').action((options) =>
    perform(options, async (terminal) => {
      const block = await blockSizeOfProcessor();
      const direct = (await directRuntime()) !== undefined;
      const result = {
        node: process.version,
        runtime: RUNTIME_VERSION,
        devices: offeredDevices(),
        threads: availableParallelism(),
        cpu: { form: block === undefined ? 'plain' : 'blocked', block: block ?? null, calls: direct ? 'direct' : 'binding' },
      };
      terminal.print(`Node ${result.node}, ONNX Runtime ${result.runtime}, devices ${result.devices.join(', ')}, ${result.threads} threads`);
      terminal.print(
        block === undefined
          ? 'cpu: plain convolutions; this processor has no blocked kernels that compute as expected'
          : `cpu: convolutions on blocks of ${block} channels, the batch inside`,
      );
      terminal.print(
        direct ? 'cpu: ONNX Runtime called directly, results written in place' : 'cpu: ONNX Runtime called by its binding for Node, which copies results',
      );
      return { result };
    }),
  );
