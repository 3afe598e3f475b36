import { describe, expect, it } from 'vitest';
import { drawSampleCodes, summarize, summarySize } from '../../src/density/codeDensity.js';
import { fitDensity } from '../../src/density/fitDensity.js';
import { samplerGraph } from '../../src/export/samplerFile.js';
import { randomStream } from '../../src/random.js';
import { groupedCodes, SIZE } from '../density/codes.js';
import { expectCloseElements } from '../engine/expectations.js';
import { compileSmall } from '../engine/running.js';

const COUNT = 40;

describe('an exported sampler', () => {
  const conditions = [undefined, { shape: [3], parts: [{ classes: 3 }] }, { shape: [1, 8, 8] }];
  it.each(conditions)('draws the codes of the library, with the condition %j', async (condition) => {
    const shape = condition?.shape;
    const conditionsOf = (count: number, width: number) =>
      Float32Array.from({ length: count * width }, (_, at) =>
        shape?.length === 1 ? (at % width === Math.floor(at / width) % (width + 1) ? 1 : 0) : Math.sin(at),
      );
    const width = shape ? shape.reduce((a, b) => a * b) : 0;
    const summaries = condition && {
      data: summarize(condition, conditionsOf(400, width)),
      width: summarySize(condition),
    };
    const codes = { data: groupedCodes(400, 4, 0.1), width: SIZE };
    const density = fitDensity({ codes, summaries, parts: condition?.parts });
    const y = shape && conditionsOf(COUNT, width);
    const source = { density, prior: 'sphere', latentSize: SIZE, condition } as const;
    const expected = drawSampleCodes(source, COUNT, randomStream(1, 'draws'), y);

    const stream = randomStream(1, 'draws');
    const draws = Array.from({ length: COUNT }, () => ({
      uniform: [stream.uniform(), stream.uniform(), stream.uniform()],
      noise: stream.fillNormal(new Float32Array(SIZE)),
    }));
    const graph = samplerGraph({ ...source, condition: shape }, COUNT);
    const program = await compileSmall(graph);
    const { codes: drawn } = await program.run({
      uniform: Float32Array.from(draws.flatMap(({ uniform }) => uniform)),
      noise: Float32Array.from(draws.flatMap(({ noise }) => [...noise])),
      ...(y && { condition: y }),
    });
    await program.release();
    expectCloseElements(Array.from(drawn!.data as Float32Array), Array.from(expected), 1e-5);
    expect(new Set(expected).size).toBeGreaterThan(COUNT);
  });
});
