import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of dead results that are left to lie. Collecting them takes about 15 ms, which a small model's iterations would notice. */
const GC_THRESHOLD_BYTES = 48 * 2 ** 20;

/**
 * A function that is told of new garbage, in bytes, and has it collected once there is much. The results of the runtime lie outside
 * JavaScript's heap, whose collector lets three copies of a large model's state pile up.
 */
export function createGcTrigger(): (bytes: number) => void {
  let waiting = 0;
  return (bytes) => {
    waiting += bytes;
    if (waiting < GC_THRESHOLD_BYTES) return;
    collect();
    waiting = 0;
  };
}

let found: (() => void) | undefined;

/** Runs the garbage collector: the engine's own function, which is only visible in contexts made after this flag is set. */
function collect(): void {
  if (found === undefined) {
    setFlagsFromString('--expose-gc');
    found = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc');
  }
  found();
}
