import { describe, expect, it } from 'vitest';
import { deviceCompiler, fastest } from '../../../src/engine/runtime/deviceChoice.node.js';

describe('the choice of a device', () => {
  it('is the device with the shortest time', () => {
    expect(
      fastest([
        { device: 'cpu', seconds: 0.3 },
        { device: 'webgpu', seconds: 0.1 },
        { device: 'cuda', reason: 'no driver' },
      ]),
    ).toBe('webgpu');
    expect(
      fastest([
        { device: 'cpu', seconds: 0.1 },
        { device: 'webgpu', seconds: 0.3 },
      ]),
    ).toBe('cpu');
  });

  it('is the CPU if no device could be timed', () => {
    expect(fastest([{ device: 'webgpu', reason: 'lost' }])).toBe('cpu');
  });

  it('is offered only if no device is named', () => {
    expect(deviceCompiler({ device: 'cpu' }).chooseDevice).toBeUndefined();
    expect(deviceCompiler({}).chooseDevice).toBeUndefined();
    expect(deviceCompiler({ device: 'auto' }).chooseDevice).toBeDefined();
  });
});
