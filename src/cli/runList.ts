import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { OwnFolder } from '../runs/ownFolder.node.js';
import { RunLibrary } from '../studio/runLibrary.node.js';
import type { ListedRun } from '../studio/schemas.js';
import type { Terminal } from './command.js';

const statusOf = (path: string) => lstat(path).catch(() => undefined);

/** @throws {InputError} if there is no such folder, or it is a run itself */
export async function openRuns(folder: string) {
  if (!(await statusOf(folder))?.isDirectory())
    throw new InputError(folder, 'no such folder', 'name the folder that contains the runs');
  if (await statusOf(join(folder, 'config.json')))
    throw new InputError(folder, 'is a run', 'name the folder that contains it');
  const library = new RunLibrary(await OwnFolder.at(folder), (summary) => summary);
  await library.refresh();
  return library;
}

/** Prints the runs, the latest first. */
export async function listRuns(library: RunLibrary, folder: string, terminal: Terminal) {
  const found = [...library.summaries].sort((a, b) => b.updated - a.updated);
  const listed = await Promise.all(found.map(async (run) => ({ ...run, bytes: await diskUse(join(folder, run.id)) })));
  if (listed.length === 0) terminal.print(`${folder}: no runs; start one with: npx agenet train mnist`);
  else tableLines([HEADINGS, ...listed.map(cellsOf)]).forEach(terminal.print);
  return {
    result: {
      folder,
      runs: listed.map(({ id, state, reason, step, totalSteps, data, model, updated, bytes }) => ({
        ...{ run: join(folder, id), state, reason, step, total_steps: totalSteps, data, model, bytes },
        updated: new Date(updated).toISOString(),
      })),
    },
  };
}

const HEADINGS = ['run', 'state', 'iterations', 'data', 'model', 'last change', 'size'];

const cellsOf = ({ id, state, step, totalSteps, data, model, updated, bytes }: ListedRun & { bytes: number }) => [
  id,
  state,
  totalSteps === null ? String(step) : `${step} of ${totalSteps}`,
  data,
  model,
  new Date(updated).toISOString().slice(0, 16).replace('T', ' '),
  megabytes(bytes),
];

function tableLines(rows: readonly (readonly string[])[]) {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  '));
  return lines.map((line) => line.trimEnd());
}

export const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Returns the bytes of all files below a folder, without links. */
export async function diskUse(folder: string) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map(async ({ parentPath, name }) => (await statusOf(join(parentPath, name)))?.size ?? 0);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
