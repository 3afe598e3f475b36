import { availableParallelism } from 'node:os';
import { runAction, type Subcommand } from '../command.js';

export const summary = 'report the runtime, devices and CPU kernels in use';
export const group = 'Data and environment:';

export const define = (command: Subcommand) =>
  command.action((options) =>
    runAction(options, async (terminal) => {
      const { blockedKernels } = await import('../../engine/runtime/blockSize.js');
      const { directAccess, availableDevices, RUNTIME_VERSION } = await import('../../engine/runtime/native.node.js');
      const { block, problems } = await blockedKernels();
      const { reason } = await directAccess();
      const result = {
        node: process.version,
        runtime: RUNTIME_VERSION,
        devices: availableDevices(),
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
