import { describe, expect, it } from 'vitest';
import { measureCommunicator } from '../../src/distributed/measuredCommunicator.js';
import { ALONE, type Communicator } from '../../src/engine/runtime/communicator.js';

describe('a measured communicator', () => {
  it('counts reductions and gatherings since the last count, and passes everything on', () => {
    const passed: string[] = [];
    const inner: Communicator = {
      ...ALONE,
      allReduceSum: (input, output) => (passed.push('sum'), ALONE.allReduceSum(input, output)),
      allGather: (input, output) => (passed.push('gather'), ALONE.allGather(input, output)),
      broadcast: () => passed.push('broadcast'),
      barrier: () => passed.push('barrier'),
    };
    const measured = measureCommunicator(inner);
    expect([measured.rank, measured.size]).toEqual([0, 1]);
    const output = new Float32Array(3);
    measured.allReduceSum(Float32Array.of(1, 2, 3), output);
    expect(output).toEqual(Float32Array.of(1, 2, 3));
    measured.allGather(Float32Array.of(4, 5), output.subarray(1));
    expect(output).toEqual(Float32Array.of(1, 4, 5));
    measured.broadcast(new Uint8Array(100));
    measured.barrier();
    expect(passed).toEqual(['sum', 'gather', 'broadcast', 'barrier']);
    const { messages, bytes, gathered, seconds } = measured.take();
    expect([messages, bytes, gathered]).toEqual([2, 20, 8]);
    expect(seconds).toBeGreaterThan(0);
    expect(measured.take()).toEqual({ messages: 0, bytes: 0, gathered: 0, seconds: 0 });
  });
});
