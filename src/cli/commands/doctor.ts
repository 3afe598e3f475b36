import { availableParallelism } from 'node:os';
import type { Action, Subcommand } from '../command.js';

export const summary = 'check the runtime, and which devices work on this machine';
export const group = 'Data and environment:';

export const define = (command: Subcommand) => command;

export const action: Action<typeof define> = async (terminal) => {
  const { blockedKernels } = await import('../../engine/runtime/blockSize.node.js');
  const { openCApi } = await import('../../engine/runtime/cApi.node.js');
  const { tryDevices } = await import('../../engine/runtime/deviceTrial.node.js');
  const { runtimeVersion } = await import('../../engine/runtime/nodeBinding.node.js');
  const { block, problems } = await blockedKernels();
  const { reason } = await openCApi();
  const result = {
    node: process.version,
    runtime: await runtimeVersion(),
    devices: await tryDevices(),
    threads: availableParallelism(),
    cpu: {
      layout: block === undefined ? 'plain' : 'blocked',
      block: block ?? null,
      api: reason ? 'node' : 'c',
      ...(reason && { reason: { code: reason.code, message: reason.message } }),
    },
  };
  terminal.print(`Node ${result.node}, ONNX Runtime ${result.runtime}, ${result.threads} threads`);
  for (const { device, works, reason: failure, needs } of result.devices) {
    terminal.print(`${device}: ${works ? 'works' : `does not work (${failure}); it needs ${needs}`}`);
  }
  terminal.print(
    block === undefined
      ? `cpu: NCHW convolutions (no usable NCHWc kernels on this CPU: ${problems.join('; ')})`
      : `cpu: blocked (NCHWc) convolutions, ${block} channels per block, batch innermost`,
  );
  terminal.print(
    reason
      ? `cpu: ONNX Runtime through onnxruntime-node (copies results); the C API is unavailable here (${reason.message})`
      : 'cpu: ONNX Runtime through its C API, results written in place',
  );
  return { result };
};
