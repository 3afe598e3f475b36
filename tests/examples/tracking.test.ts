import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { fileTracker, httpTracker, reportTo } from '../../examples/tracking.mjs';
import type { RunEvent } from '../../src/runs/train.node.js';
import { temporaryFolder } from '../temporaryFolder.js';

const iteration = (step: number): RunEvent => ({
  type: 'iteration',
  report: { step, epoch: 0, learningRate: 1e-3, scalars: { 'encoder.KL_real': step / 2 } },
});
const evaluation: RunEvent = {
  type: 'evaluation',
  epochs: 1,
  step: 7,
  file: 'evaluation-000007.json',
  metrics: { fid: 3 },
  isBest: true,
};

describe('the example for experiment trackers', () => {
  it('reports every Nth iteration and each evaluation, and lets training wait for the tracker', async () => {
    const reported: unknown[] = [];
    const tracker = { log: (...report: unknown[]) => Promise.resolve().then(() => reported.push(report)) };
    const onEvent = reportTo(tracker, 2);
    for (const event of [iteration(3), iteration(4), evaluation]) await onEvent(event);
    expect(reported).toEqual([
      [4, { 'encoder.KL_real': 2 }],
      [7, { fid: 3 }],
    ]);
  });

  it('writes one JSON line per report', async () => {
    const file = join(temporaryFolder(), 'metrics.jsonl');
    const onEvent = reportTo(fileTracker(file), 1);
    for (const event of [iteration(1), evaluation]) await onEvent(event);
    expect(
      readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { step: 1, 'encoder.KL_real': 0.5 },
      { step: 7, fid: 3 },
    ]);
  });

  it('posts to a server, and survives one that is gone', async () => {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => bodies.push(chunk.toString())).on('end', () => response.end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const onEvent = reportTo(httpTracker(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`), 1);
    await onEvent(iteration(2));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const printed = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    await onEvent(iteration(3));
    expect(bodies.map((body) => JSON.parse(body) as unknown)).toEqual([{ step: 2, 'encoder.KL_real': 1 }]);
    expect(printed.mock.calls[0]![0]).toContain('iteration 3 is not reported');
    printed.mockRestore();
  });
});
