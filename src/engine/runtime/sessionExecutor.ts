import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { ElementArray } from '../value.js';
import { type Executor, hasBuffer, type TensorBuffer } from './executor.js';

/** What the runtime of a platform brings. */
export interface Platform {
  /** Its own class: a runtime tells results' places from options by it, and takes no other build's. */
  readonly Tensor: typeof Tensor;
  /** Called before a run with the bytes of results of earlier runs that nobody reads any more. */
  readonly beforeRun?: (garbage: number) => void;
}

/** Runs a session through ONNX Runtime's interface for JavaScript, which every platform has. */
export function sessionExecutor(session: InferenceSession, { Tensor, beforeRun }: Platform): Executor {
  const tensorOf = ({ type, data, shape }: TensorBuffer) => new Tensor(type, data as never, shape);
  // Bytes; what was made before the first run is not known, and much.
  let garbage = Infinity;
  return {
    run: async (inputs, outputs) => {
      beforeRun?.(garbage);
      const feeds = Object.fromEntries(Object.entries(inputs).map(([name, operand]) => [name, tensorOf(operand)]));
      const fetches = Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, hasBuffer(output) ? tensorOf(output) : null]));
      const results = Object.entries(await session.run(feeds, fetches)).map(([name, { data }]) => [name, data as ElementArray] as const);
      // It returns a copy even of what it wrote where it was told to.
      const [copies, wanted] = [true, false].map((given) => results.filter(([name]) => hasBuffer(outputs[name]!) === given));
      garbage = copies!.reduce((bytes, [, data]) => bytes + data.byteLength, 0);
      return Object.fromEntries(wanted!);
    },
    release: () => session.release(),
    endProfiling: () => session.endProfiling(),
  };
}
