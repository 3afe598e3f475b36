import { availableParallelism } from 'node:os';
import { blockedKernels } from '../../engine/runtime/blockSize.node.js';
import { openCApi } from '../../engine/runtime/native.node.js';
import { availableDevices, runtimeVersion } from '../../engine/runtime/nodeBinding.node.js';
import { runAction, subcommand } from '../command.js';

export const doctorCommand = () =>
  subcommand('doctor', 'say what this machine computes with').action((options) =>
    runAction(options, async (terminal) => {
      const { block, problems } = await blockedKernels();
      const { reason } = await openCApi();
      const result = {
        node: process.version,
        runtime: await runtimeVersion(),
        devices: await availableDevices(),
        threads: availableParallelism(),
        cpu: {
          form: block === undefined ? 'plain' : 'blocked',
          block: block ?? null,
          calls: reason ? 'binding' : 'direct',
          ...(reason ? { reason: { code: reason.code, message: reason.message } } : {}),
        },
      };
      terminal.print(`Node ${result.node}, ONNX Runtime ${result.runtime}, devices ${result.devices.join(', ')}, ${result.threads} threads`);
      terminal.print(
        block === undefined
          ? `cpu: plain convolutions; this processor has no blocked kernels that compute as expected (${problems.join('; ')})`
          : `cpu: convolutions on blocks of ${block} channels, the batch inside`,
      );
      terminal.print(
        reason
          ? `cpu: ONNX Runtime called by its binding for Node, which copies results (${reason.message})`
          : 'cpu: ONNX Runtime called directly, results written in place',
      );
      return { result };
    }),
  );
