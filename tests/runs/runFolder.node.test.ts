import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { RunFolder } from '../../src/runs/runFolder.node.js';
import { expectInputError } from '../rejection.js';
import { temporaryFolder } from '../temporaryFolder.js';
import { createRun, tinyCheckpoint, tinyConfiguration } from '../training/tinyTraining.js';

const configuration = tinyConfiguration();
const gridOf = (...data: readonly number[]) => ({ width: 2, height: 1, channels: 1, data: Uint8Array.from(data) });
const previews = {
  samples: gridOf(1, 2),
  reconstructions: gridOf(3, 4),
  codes: { shape: [2, 3] as const, data: Float32Array.of(1, 0, 0, 0, 1, 0) },
};

/** Every file under a folder, by its path from there. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

describe('a new run folder', () => {
  it('is created with its parent folders, and contains the configuration', async () => {
    const path = join(temporaryFolder(), 'runs', 'first');
    const folder = await createRun(path, configuration);
    expect(folder.path).toBe(path);
    expect(JSON.parse(readFileSync(join(path, 'config.json'), 'utf8'))).toEqual({ version: 3, ...configuration });
    expect(await folder.readConfiguration()).toEqual(configuration);
  });

  it('may exist if it is empty', async () => {
    const path = temporaryFolder();
    await createRun(path, configuration);
    expect(filesIn(path)).toEqual(['config.json']);
  });

  it('is rejected if it is not empty, and left unchanged', async () => {
    const path = temporaryFolder();
    writeFileSync(join(path, 'config.json'), 'mine');
    await expectInputError(() => createRun(path, configuration), path, 'not empty', 'with out', 'with resume');
    expect(filesIn(path)).toEqual(['config.json']);
    expect(readFileSync(join(path, 'config.json'), 'utf8')).toBe('mine');
  });

  it('is rejected if a file has its name or is part of its path', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, 'mine');
    await expectInputError(() => createRun(file, configuration), file, 'expected a run folder but got a file');
    await expectInputError(() => createRun(join(file, 'run'), configuration), join(file, 'run'), 'cannot be written');
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });
});

describe('an existing run folder', () => {
  it('opens', async () => {
    const path = temporaryFolder();
    await createRun(path, configuration);
    expect(await (await RunFolder.open(path)).readConfiguration()).toEqual(configuration);
  });

  it('is rejected if it does not exist', async () => {
    const path = temporaryFolder();
    await expectInputError(() => RunFolder.open(join(path, 'nothing')), 'run folder not found');
    await expectInputError(() => RunFolder.open(path), 'no config.json');
    writeFileSync(join(path, 'file'), '');
    await expectInputError(() => RunFolder.open(join(path, 'file')), 'expected a run folder but got a file');
  });

  it('is rejected if its configuration is damaged', async () => {
    const path = temporaryFolder();
    const folder = await createRun(path, configuration);
    for (const text of [
      '',
      '{"data": "mnist"',
      '[]',
      'null',
      JSON.stringify({ version: 3, ...configuration, width: -1 }),
    ]) {
      writeFileSync(join(path, 'config.json'), text);
      await expectInputError(() => folder.readConfiguration(), 'config.json');
    }
  });
});

describe('checkpoints of a run folder', () => {
  it('are listed with the latest first', async () => {
    const folder = await createRun(temporaryFolder(), configuration);
    for (const step of [5, 1_000_000, 20]) await folder.writeCheckpoint(tinyCheckpoint(configuration, step));
    const { file, ...latest } = (await folder.readLatestCheckpoint())!;
    expect(latest).toEqual(tinyCheckpoint(configuration, 1_000_000));
    expect(file).toBe(join(folder.path, 'checkpoints', '1000000.safetensors'));
    expect(readdirSync(join(folder.path, 'checkpoints')).sort()).toEqual([
      '000005.safetensors',
      '000020.safetensors',
      '1000000.safetensors',
    ]);
  });

  it('ignore other files', async () => {
    const folder = await createRun(temporaryFolder(), configuration);
    await folder.writeCheckpoint(tinyCheckpoint(configuration, 5));
    for (const name of [
      '999999.safetensors.bak',
      'best.safetensors',
      '.999999.safetensors.123.partial',
      '999999.png',
    ]) {
      writeFileSync(join(folder.path, 'checkpoints', name), 'x');
    }
    expect((await folder.readLatestCheckpoint())?.step).toBe(5);
  });

  it('do not exist before the first is written', async () => {
    const folder = await createRun(temporaryFolder(), configuration);
    expect(await folder.readLatestCheckpoint()).toBeUndefined();
  });

  it('are pruned to the configured number, except for multiples of keepEvery', async () => {
    const left = async (keepLast: number, keepEvery: number) => {
      const configured = tinyConfiguration({ keepLast, keepEvery });
      const folder = await createRun(temporaryFolder(), configured);
      for (const step of [1, 2, 3, 4, 5, 6, 7]) await folder.writeCheckpoint(tinyCheckpoint(configured, step));
      return readdirSync(join(folder.path, 'checkpoints')).map((name) => parseInt(name));
    };
    expect(await left(0, 0)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await left(1, 0)).toEqual([7]);
    expect(await left(2, 0)).toEqual([6, 7]);
    expect(await left(2, 3)).toEqual([3, 6, 7]);
    expect(await left(1, 2)).toEqual([2, 4, 6, 7]);
    expect(await left(0, 3)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await left(9, 0)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('are pruned only after the new one is written', async () => {
    const configured = tinyConfiguration({ keepLast: 1 });
    const folder = await createRun(temporaryFolder(), configured);
    const first = await folder.writeCheckpoint(tinyCheckpoint(configured, 1));
    const blocked = join(folder.path, 'checkpoints', '000002.safetensors');
    mkdirSync(blocked);
    await expectInputError(() => folder.writeCheckpoint(tinyCheckpoint(configured, 2)), blocked);
    expect(readdirSync(join(folder.path, 'checkpoints'))).toEqual(['000001.safetensors', '000002.safetensors']);
    rmdirSync(blocked);
    expect((await folder.readLatestCheckpoint())?.file).toBe(first);
  });

  it('that cannot be removed are an InputError, after the new one is written', async () => {
    const configured = tinyConfiguration({ keepLast: 1 });
    const folder = await createRun(temporaryFolder(), configured);
    const old = join(folder.path, 'checkpoints', '000001.safetensors');
    mkdirSync(old);
    await expectInputError(() => folder.writeCheckpoint(tinyCheckpoint(configured, 2)), old);
    expect((await folder.readLatestCheckpoint())?.step).toBe(2);
  });

  it('are reported as damaged if one tensor byte differs', async () => {
    const folder = await createRun(temporaryFolder(), configuration);
    const file = await folder.writeCheckpoint(tinyCheckpoint(configuration, 5));
    const damaged = readFileSync(file);
    damaged[damaged.length - 1000]! ^= 1;
    writeFileSync(file, damaged);
    await expectInputError(() => folder.readLatestCheckpoint(), file, 'corrupt checkpoint');
  });

  it('are rejected with the file if damaged', async () => {
    const folder = await createRun(temporaryFolder(), configuration);
    const file = await folder.writeCheckpoint(tinyCheckpoint(configuration, 5));
    writeFileSync(file, readFileSync(file).subarray(0, 1000));
    await expectInputError(() => folder.readLatestCheckpoint(), file);
    const before = await folder.writeCheckpoint(tinyCheckpoint(configuration, 4));
    await expectInputError(() => folder.readLatestCheckpoint(), file, `delete it to resume from ${before}`);
  });

  it('are rejected if unreadable', async () => {
    const folder = await createRun(temporaryFolder(), configuration);
    mkdirSync(join(folder.path, 'checkpoints', '000001.safetensors'));
    await expectInputError(() => folder.readLatestCheckpoint(), '000001.safetensors: cannot be read (it is a folder)');
    rmSync(join(folder.path, 'config.json'));
    mkdirSync(join(folder.path, 'config.json'));
    await expectInputError(() => folder.readConfiguration(), 'config.json: cannot be read (it is a folder)');
  });
});

describe('previews of a run folder', () => {
  it('are PNG files named by iteration', async () => {
    const folder = await createRun(temporaryFolder(), configuration);
    expect(await folder.writePreviews(1_234_567, previews)).toEqual({
      samples: join(folder.path, 'samples', '1234567.png'),
      reconstructions: join(folder.path, 'reconstructions', '1234567.png'),
    });
    const written = await folder.writePreviews(12, previews);
    expect(written.samples).toBe(join(folder.path, 'samples', '000012.png'));
    for (const kind of ['samples', 'reconstructions'] as const) {
      const { data, info } = await sharp(written[kind])
        .toColourspace('b-w')
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect([info.width, info.height, Uint8Array.from(data)]).toEqual([2, 1, previews[kind].data]);
    }
    expect((await folder.previews('samples')).map(({ step }) => step)).toEqual([12, 1_234_567]);
  });
});

describe('the log of a run folder', () => {
  it('has one object per line', async () => {
    const folder = await createRun(temporaryFolder(), configuration);
    await folder.appendLog([{ step: 1, 'encoder.loss': 0.5 }]);
    await folder.appendLog([{ step: 2, 'encoder.loss': -1e-9 }]);
    expect(readFileSync(join(folder.path, 'log.jsonl'), 'utf8')).toBe(
      '{"step":1,"encoder.loss":0.5}\n{"step":2,"encoder.loss":-1e-9}\n',
    );
  });

  it('is truncated to an iteration, and returns its last entry', async () => {
    const folder = await createRun(temporaryFolder(), configuration);
    for (let step = 1; step <= 5; step++) await folder.appendLog([{ step, seconds: step / 10 }]);
    expect(await folder.truncateLog(3)).toEqual({ step: 3, seconds: 0.3 });
    await folder.appendLog([{ step: 4, seconds: 9 }]);
    expect(readFileSync(join(folder.path, 'log.jsonl'), 'utf8').split('\n')).toEqual([
      ...[1, 2, 3].map((step) => JSON.stringify({ step, seconds: step / 10 })),
      '{"step":4,"seconds":9}',
      '',
    ]);
  });

  it('drops a line that a crash cut short', async () => {
    const folder = await createRun(temporaryFolder(), configuration);
    await folder.appendLog([{ step: 1 }]);
    writeFileSync(join(folder.path, 'log.jsonl'), '{"step":1}\nnull\n7\n{"step":2}\n{"step":3,"enc');
    expect(await folder.truncateLog(10)).toEqual({ step: 2 });
    expect(readFileSync(join(folder.path, 'log.jsonl'), 'utf8')).toBe('{"step":1}\n{"step":2}\n');
  });

  it('continues after a failed append without losing entries', async () => {
    const folder = await createRun(temporaryFolder(), configuration);
    const log = join(folder.path, 'log.jsonl');
    await folder.appendLog([{ step: 1 }]);
    const before = readFileSync(log, 'utf8');
    rmSync(log);
    mkdirSync(log);
    await expectInputError(() => folder.appendLog([{ step: 2 }, { step: 3 }]), 'log.jsonl');
    rmdirSync(log);
    // A disk that is full takes the beginning of what is written.
    writeFileSync(log, `${before}{"step":2}\n{"st`);
    await folder.appendLog([{ step: 2 }, { step: 3 }]);
    await folder.appendLog([{ step: 4 }]);
    expect(await folder.readLog()).toEqual([1, 2, 3, 4].map((step) => ({ step })));
    expect(await folder.truncateLog(3)).toEqual({ step: 3 });
    expect(readFileSync(log, 'utf8')).toBe('{"step":1}\n{"step":2}\n{"step":3}\n');
  });

  it('is not treated as empty if unreadable', async () => {
    const folder = await createRun(temporaryFolder(), configuration);
    mkdirSync(join(folder.path, 'log.jsonl'));
    await expectInputError(() => folder.readLog(), 'log.jsonl');
    await expectInputError(() => folder.truncateLog(3), 'log.jsonl');
  });

  it('is empty if nothing was logged', async () => {
    const folder = await createRun(temporaryFolder(), configuration);
    expect(await folder.truncateLog(10)).toBeUndefined();
  });
});

describe('a file in a run folder', () => {
  it('is rejected if a folder has its name', async () => {
    const path = join(temporaryFolder(), 'run');
    const folder = await createRun(path, configuration);
    const written = await folder.writeCheckpoint(tinyCheckpoint(configuration, 1));
    const before = readFileSync(written);
    // Folders at the paths of the next checkpoint and the log.
    for (const name of [join('checkpoints', '000002.safetensors'), 'log.jsonl']) mkdirSync(join(path, name));
    await expectInputError(
      () => folder.writeCheckpoint(tinyCheckpoint(configuration, 2)),
      '000002.safetensors',
      'cannot be written',
    );
    await expectInputError(() => folder.appendLog([{ step: 1 }]), 'log.jsonl', 'cannot be written');
    expect(readFileSync(written)).toEqual(before);
    expect(filesIn(path)).toEqual([join('checkpoints', '000001.safetensors'), 'config.json']);
  });
});

describe('a locked run folder', () => {
  it('is cleared of partially written files only', async () => {
    const folder = await createRun(temporaryFolder(), configuration);
    await folder.writeCheckpoint(tinyCheckpoint(configuration, 5));
    await folder.writePreviews(5, previews);
    await folder.appendLog([{ step: 5 }]);
    const before = filesIn(folder.path);
    const partial = [
      '.config.json.7.partial',
      '.log.jsonl.8.partial',
      'checkpoints/.000006.safetensors.9.partial',
      'samples/.000006.png.9.partial',
    ];
    for (const name of partial) writeFileSync(join(folder.path, ...name.split('/')), 'half');
    writeFileSync(join(folder.path, 'checkpoints', 'mine.partial'), 'mine');
    await (await folder.lock()).release();
    expect(filesIn(folder.path)).toEqual([...before, join('checkpoints', 'mine.partial')].sort());
  });

  it('is unlocked if it cannot be cleared', async () => {
    const folder = await createRun(temporaryFolder(), configuration);
    const checkpoints = join(folder.path, 'checkpoints');
    rmdirSync(checkpoints);
    writeFileSync(checkpoints, 'no folder');
    await expectInputError(() => folder.lock(), checkpoints);
    expect(existsSync(join(folder.path, '.lock'))).toBe(false);
  });
});
