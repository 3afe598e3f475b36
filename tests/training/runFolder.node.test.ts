import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RunFolder } from '../../src/training/runFolder.node.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { tinyCheckpoint, tinyConfiguration } from './tinyTraining.js';

const configuration = tinyConfiguration();
const png = Uint8Array.of(1, 2, 3);

/** Every file under a folder, by its path from there. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

describe('a new run folder', () => {
  it('is made with the folders above it, and holds its configuration', async () => {
    const path = join(temporaryFolder(), 'runs', 'first');
    const folder = await RunFolder.create(path, configuration);
    expect(folder.path).toBe(path);
    expect(JSON.parse(readFileSync(join(path, 'config.json'), 'utf8'))).toEqual(configuration);
    expect(await folder.readConfiguration()).toEqual(configuration);
  });

  it('may be there already if it is empty', async () => {
    const path = temporaryFolder();
    await RunFolder.create(path, configuration);
    expect(filesIn(path)).toEqual(['config.json']);
  });

  it('is refused where there is something in it, which stays as it is', async () => {
    const path = temporaryFolder();
    writeFileSync(join(path, 'config.json'), 'mine');
    await expectInputError(() => RunFolder.create(path, configuration), path, 'not empty', '--out', '--resume');
    expect(filesIn(path)).toEqual(['config.json']);
    expect(readFileSync(join(path, 'config.json'), 'utf8')).toBe('mine');
  });

  it('is refused where a file has its name, or is a part of its path', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, 'mine');
    await expectInputError(() => RunFolder.create(file, configuration), file, 'is a file');
    await expectInputError(() => RunFolder.create(join(file, 'run'), configuration), join(file, 'run'), 'cannot be written');
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });
});

describe('an earlier run folder', () => {
  it('is opened', async () => {
    const path = temporaryFolder();
    await RunFolder.create(path, configuration);
    expect(await (await RunFolder.open(path)).readConfiguration()).toEqual(configuration);
  });

  it('is refused where there is none', async () => {
    const path = temporaryFolder();
    await expectInputError(() => RunFolder.open(join(path, 'nothing')), 'there is no such run folder');
    await expectInputError(() => RunFolder.open(path), 'no config.json');
    writeFileSync(join(path, 'file'), '');
    await expectInputError(() => RunFolder.open(join(path, 'file')), 'is a file');
  });

  it('is refused where its configuration is damaged', async () => {
    const path = temporaryFolder();
    const folder = await RunFolder.create(path, configuration);
    for (const text of ['', '{"data": "mnist"', '[]', JSON.stringify({ ...configuration, width: -1 })]) {
      writeFileSync(join(path, 'config.json'), text);
      await expectInputError(() => folder.readConfiguration(), 'config.json');
    }
  });
});

describe('checkpoints of a run folder', () => {
  it('come back, the one of the most iterations first', async () => {
    const folder = await RunFolder.create(temporaryFolder(), configuration);
    for (const step of [5, 1_000_000, 20]) await folder.writeCheckpoint(tinyCheckpoint(configuration, step));
    const { file, ...latest } = await folder.readLatestCheckpoint();
    expect(latest).toEqual(tinyCheckpoint(configuration, 1_000_000));
    expect(file).toBe(join(folder.path, 'checkpoints', '1000000.safetensors'));
    expect(readdirSync(join(folder.path, 'checkpoints')).sort()).toEqual(['000005.safetensors', '000020.safetensors', '1000000.safetensors']);
  });

  it('are not looked for among other files', async () => {
    const folder = await RunFolder.create(temporaryFolder(), configuration);
    await folder.writeCheckpoint(tinyCheckpoint(configuration, 5));
    for (const name of ['999999.safetensors.bak', 'best.safetensors', '.999999.safetensors.123.partial', '999999.png']) {
      writeFileSync(join(folder.path, 'checkpoints', name), 'x');
    }
    expect((await folder.readLatestCheckpoint()).step).toBe(5);
  });

  it('are missed where there are none', async () => {
    const folder = await RunFolder.create(temporaryFolder(), configuration);
    await expectInputError(() => folder.readLatestCheckpoint(), folder.path, 'no checkpoint yet');
  });

  it('are refused with the file where they are damaged', async () => {
    const folder = await RunFolder.create(temporaryFolder(), configuration);
    const file = await folder.writeCheckpoint(tinyCheckpoint(configuration, 5));
    writeFileSync(file, readFileSync(file).subarray(0, 1000));
    await expectInputError(() => folder.readLatestCheckpoint(), file);
  });
});

describe('pictures of a run folder', () => {
  it('are named by the iteration', async () => {
    const folder = await RunFolder.create(temporaryFolder(), configuration);
    const written = [await folder.writePicture('samples', 12, png), await folder.writePicture('reconstructions', 1_234_567, png)];
    expect(written).toEqual([join(folder.path, 'samples', '000012.png'), join(folder.path, 'reconstructions', '1234567.png')]);
    for (const file of written) expect(Uint8Array.from(readFileSync(file))).toEqual(png);
  });
});

describe('the log of a run folder', () => {
  it('has an object a line', async () => {
    const folder = await RunFolder.create(temporaryFolder(), configuration);
    await folder.log({ step: 1, 'encoder.loss': 0.5 });
    await folder.log({ step: 2, 'encoder.loss': -1e-9 });
    expect(readFileSync(join(folder.path, 'log.jsonl'), 'utf8')).toBe('{"step":1,"encoder.loss":0.5}\n{"step":2,"encoder.loss":-1e-9}\n');
  });

  it('is cut back to an iteration, and answers with its last entry', async () => {
    const folder = await RunFolder.create(temporaryFolder(), configuration);
    for (let step = 1; step <= 5; step++) await folder.log({ step, seconds: step / 10 });
    expect(await folder.cutLog(3)).toEqual({ step: 3, seconds: 0.3 });
    await folder.log({ step: 4, seconds: 9 });
    expect(readFileSync(join(folder.path, 'log.jsonl'), 'utf8').split('\n')).toEqual([
      ...[1, 2, 3].map((step) => JSON.stringify({ step, seconds: step / 10 })),
      '{"step":4,"seconds":9}',
      '',
    ]);
  });

  it('loses a line that a crash cut short', async () => {
    const folder = await RunFolder.create(temporaryFolder(), configuration);
    await folder.log({ step: 1 });
    writeFileSync(join(folder.path, 'log.jsonl'), '{"step":1}\nnull\n7\n{"step":2}\n{"step":3,"enc');
    expect(await folder.cutLog(10)).toEqual({ step: 2 });
    expect(readFileSync(join(folder.path, 'log.jsonl'), 'utf8')).toBe('{"step":1}\n{"step":2}\n');
  });

  it('is empty where nothing was logged', async () => {
    const folder = await RunFolder.create(temporaryFolder(), configuration);
    expect(await folder.cutLog(10)).toBeUndefined();
  });
});

describe('a file of a run folder', () => {
  it('is refused where a folder is in its place', async () => {
    const path = join(temporaryFolder(), 'run');
    const folder = await RunFolder.create(path, configuration);
    const written = await folder.writeCheckpoint(tinyCheckpoint(configuration, 1));
    const before = readFileSync(written);
    // A folder in the place of the next checkpoint and of the log.
    for (const name of [join('checkpoints', '000002.safetensors'), 'log.jsonl']) mkdirSync(join(path, name));
    await expectInputError(() => folder.writeCheckpoint(tinyCheckpoint(configuration, 2)), '000002.safetensors', 'cannot be written');
    await expectInputError(() => folder.log({ step: 1 }), 'log.jsonl', 'cannot be written');
    expect(readFileSync(written)).toEqual(before);
    expect(filesIn(path)).toEqual([join('checkpoints', '000001.safetensors'), 'config.json']);
  });
});
