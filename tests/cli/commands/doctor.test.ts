import { afterEach, expect, it, vi } from 'vitest';
import { run } from '../../../src/cli/program.js';
import { compilerOf } from '../../../src/cli/options.js';
import { Terminal } from '../../../src/cli/terminal.js';
import { graphOf, input, relu } from '../../../src/engine/index.js';
import { CApiRuntime } from '../../../src/engine/runtime/cApi.node.js';
import { CApiUnavailableError } from '../../../src/engine/runtime/ortApi.node.js';

const reason = new CApiUnavailableError('version', 'the library is ONNX Runtime 9.9.9');

/** Collects what is written to a stream of the process. */
function written(stream: 'stdout' | 'stderr'): string[] {
  const lines: string[] = [];
  vi.spyOn(process[stream], 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  return lines;
}

afterEach(() => {
  vi.restoreAllMocks();
});

it('agenet doctor reports why ONNX Runtime is not called through its C API', async () => {
  vi.spyOn(CApiRuntime, 'open').mockRejectedValue(reason);
  const lines = written('stdout');
  await run(['doctor']);
  expect(lines.at(-1)).toContain(`(${reason.message})`);
  await run(['doctor', '--json']);
  const { cpu } = JSON.parse(lines.at(-1)!) as { cpu: unknown };
  expect(cpu).toMatchObject({ api: 'node', reason: { code: 'version', message: reason.message } });
});

it('--debug reports it once, other commands do not', async () => {
  vi.spyOn(CApiRuntime, 'open').mockRejectedValue(reason);
  const lines = written('stderr');
  const graph = graphOf({ y: relu(input('x', [2])) });
  for (const debug of [undefined, true] as const) {
    const compile = compilerOf({ device: 'cpu', threads: 1, debug }, new Terminal(false));
    for (let time = 0; time < 2; time++) await (await compile(graph)).release();
    expect(lines).toHaveLength(debug ? 1 : 0);
  }
  expect(lines[0]).toMatch(/^agenet: .*\(version: the library is ONNX Runtime 9\.9\.9\)\n$/);
});
