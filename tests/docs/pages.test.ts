import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { writeNoiseArchive } from '../cli/labelledData.js';
import { runCommand } from '../cli/runCommand.js';
import { makePicture, SMALL_PLANS } from '../cli/tinyRun.js';
import { temporaryFolder } from '../temporaryFolder.js';

/** The lines of a page's indented blocks: command lines of a shell. */
const linesOf = (page: string): string[] =>
  readFileSync(fileURLToPath(new URL(`../../docs/${page}.md`, import.meta.url)), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('    '))
    .map((line) => line.trim());

/** Words of a command line, without quotes; `runs/a-*` becomes the files of that name. */
const wordsOf = (line: string, cwd: string): string[] =>
  Array.from(line.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, plain]) => quoted ?? plain!).flatMap((word) => {
    const [, folder, start] = /^(.*\/)([^/]*)\*$/.exec(word) ?? [];
    if (folder === undefined) return [word];
    const found = readdirSync(join(cwd, folder)).filter((name) => name.startsWith(start!));
    return found.sort().map((name) => folder + name);
  });

/**
 * Runs command lines one after another, and the body of `for NAME in WORDS; do` once per word. Returns what they print.
 */
async function follow(lines: readonly string[], cwd: string, variables: Record<string, string> = {}): Promise<string> {
  const [first, ...rest] = lines;
  if (first === undefined) return '';
  const [, name, words] = /^for (\w+) in (.*); do$/.exec(first) ?? [];
  if (name === undefined)
    return (
      (await agenet(
        first.replaceAll(/\$(\w+)/g, (_, key: string) => variables[key]!),
        cwd,
      )) + (await follow(rest, cwd, variables))
    );
  const end = rest.indexOf('done');
  let printed = '';
  // Two of several seeds show as much as all.
  for (const value of wordsOf(words!, cwd).filter((word, index) => index < 2 || Number.isNaN(Number(word))))
    printed += await follow(rest.slice(0, end), cwd, { ...variables, [name]: value });
  return printed + (await follow(rest.slice(end + 1), cwd, variables));
}

/**
 * Runs `npx agenet ...` with narrow networks, small plans and two iterations, or four if it resumes a run. A few images
 * take the place of MNIST, because the scores of 10,000 test images take most of the time.
 */
async function agenet(line: string, cwd: string): Promise<string> {
  const [npx, program, command, ...args] = wordsOf(
    line.replace(/ --steps \d+/, '').replace(' mnist ', ' npz:digits.npz '),
    cwd,
  );
  expect([npx, program]).toEqual(['npx', 'agenet']);
  const width = args.includes('--width') ? [] : ['--width', '4'];
  const plans = args.includes('--encoder-updates') ? [] : SMALL_PLANS;
  const length = args.includes('--resume') ? ['--steps', '4'] : ['--steps', '2', ...width, ...plans];
  const { status, stdout, stderr } = await runCommand(
    [command!, ...args, ...(command === 'train' ? [...length, '--no-lowering'] : [])],
    cwd,
  );
  expect(status, `${line}: ${stderr}`).toBe(0);
  return stdout;
}

describe('a reader who follows', () => {
  it('own-images.md trains on a folder, and compares two settings over three seeds', async () => {
    const cwd = temporaryFolder();
    for (let index = 0; index < 24; index++)
      await makePicture(join(cwd, 'photos', `${index}.png`), (40 * index) % 256, (90 * index) % 256);
    const printed = await follow(linesOf('own-images'), cwd);
    for (const file of ['photos.png', 'samples.png', 'reconstructions.png', 'path.webp', 'training.webp'])
      expect(existsSync(join(cwd, file)), file).toBe(true);
    expect(readdirSync(join(cwd, 'runs', 'photos', 'checkpoints')).sort()).toEqual([
      '000002.safetensors',
      '000004.safetensors',
    ]);
    expect(printed).toMatch(/\nseeds +2 +2\niterations +2 +2\n/);
    expect(printed).toMatch(/\nreconstruction_l1 +[\d.]+ ± [\d.]+\*? +[\d.]+ ± [\d.]+\*?/);
  });

  it('teaching.md trains with both parts of the method and without each of them', async () => {
    const cwd = temporaryFolder();
    writeNoiseArchive(join(cwd, 'digits.npz'), 60);
    await follow(linesOf('teaching'), cwd);
    for (const run of ['both', 'autoencoder', 'competition'])
      expect(existsSync(join(cwd, 'runs', run, 'samples', '000002.png')), run).toBe(true);
    for (const file of ['training.webp', 'path.png']) expect(existsSync(join(cwd, file)), file).toBe(true);
  });
});
