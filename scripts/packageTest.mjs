// Packs the package, installs it with npm into a fresh folder, and uses it there from TypeScript, JavaScript, the
// command line and a bundler. Requires a build.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

/** Modules of web pages, and limits of what they add to a page, gzipped, without ONNX Runtime. */
const PAGES = {
  engine: { text: "export * from 'agenet/engine';", limit: 60_000 },
  runtime: {
    text: "export * from 'agenet/engine'; export { compile, configureRuntime } from 'agenet/web';",
    limit: 63_000,
  },
  training: {
    text: "export { decodeCheckpoint, runTraining, Trainer, TrainedModel } from 'agenet'; export * from 'agenet/engine'; export * from 'agenet/web';",
    limit: 130_000,
  },
  library: { text: "export * from 'agenet';", limit: 300_000 },
};

const root = fileURLToPath(new URL('../', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'agenet-package-'));
const modules = join(project, 'node_modules');
const run = (file, ...args) =>
  execFileSync(file, args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
const write = (name, text) => writeFileSync(join(project, name), text);

const TYPESCRIPT = `
import { drawCodes, InputError, randomStream, type Configuration } from 'agenet';
import { conv, input, type Value } from 'agenet/engine';
import { compile } from 'agenet/native';
import { Images, loadModel, train, type ImageInput, type Model, type SampleOptions, type Settings } from 'agenet/node';
import sharp from 'sharp';

export const settings: Settings = { data: 'mnist', preset: 'published', steps: 1000 };
export const image: Value = conv(input('x', [1, 1, 4, 4]), input('w', [1, 1, 3, 3]), { pads: 1 });
export async function use(run: string, options: SampleOptions): Promise<Float32Array> {
  const summary = await train(settings, { out: run });
  const model: Model = await loadModel(summary.run, { device: 'cpu', threads: 1 });
  const configuration: Configuration = model.configuration;
  const samples: Images = await model.sample({ ...options, count: configuration.batch });
  const inputs: ImageInput[] = ['a.png', Buffer.alloc(0), sharp('b.png'), samples, ...samples.toRasters()];
  const codes: Float32Array = await model.encode(inputs).catch((error: unknown) => {
    if (error instanceof InputError) return drawCodes(model.prior, 1, model.latentSize, randomStream(1, 'samples'));
    throw error;
  });
  // @ts-expect-error: an unknown option
  await model.sample({ cuont: 3 });
  await model[Symbol.asyncDispose]();
  return codes;
}
export { compile };
`;

const JAVASCRIPT = `
import { encodeNpz, InputError } from 'agenet';
import { loadModel, train } from 'agenet/node';
import { writeFile } from 'node:fs/promises';

const data = Uint8Array.from({ length: 20 * 1024 }, (_, index) => (index * 2654435761) >>> 24);
await writeFile('noise.npz', await encodeNpz({ images: { shape: [20, 32, 32, 1], data } }));
const settings = { data: 'npz:noise.npz', width: 4, latent: 8, batch: 4, steps: 1 };
const { run } = await train(settings, { out: 'runs/first', threads: 1 });
const model = await loadModel(run, { threads: 1 });
const samples = await model.sample({ count: 4 });
await samples.toFile('samples.png');
const codes = await model.encode(['samples.png', samples]);
await model.release();
if (codes.length !== 5 * 8) throw new Error('expected five codes');
const error = await loadModel('nothing').catch((reason) => reason);
if (!(error instanceof InputError)) throw error;
`;

/** Installs the file that `npm publish` would upload, as the README says, with the compiler of this checkout. */
function install() {
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], {
      cwd: root,
      encoding: 'utf8',
    }),
  );
  write('package.json', JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const compiler = ['typescript', '@types/node'].map((name) => `${name}@${devDependencies[name]}`);
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' };
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel', 'error'];
  execFileSync('npm', ['install', ...quiet, join(project, filename), ...compiler], {
    cwd: project,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function compileTypeScript() {
  write('consumer.ts', TYPESCRIPT);
  const compiler = join(modules, 'typescript', 'bin', 'tsc');
  const options = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--noUncheckedIndexedAccess',
    '--noEmit',
    '--target',
    'es2022',
    '--types',
    'node',
  ];
  for (const [module, resolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    run(process.execPath, compiler, ...options, '--module', module, '--moduleResolution', resolution, 'consumer.ts');
  }
}

/** Bundles modules as for a web page. Returns their gzipped size in bytes. */
async function bundle(name, { text, limit }) {
  write(`${name}.js`, text);
  const built = await rolldown({
    input: join(project, `${name}.js`),
    platform: 'browser',
    external: [/^onnxruntime-web/],
  });
  const { output } = await built.generate({ minify: true, codeSplitting: false });
  await built.close();
  const forNode = [...output[0].moduleIds, ...output[0].imports].filter(
    (id) => id.startsWith('node:') || id.includes('.node.'),
  );
  if (forNode.length > 0) throw new Error(`${name}: the bundle has modules of Node: ${forNode.join(', ')}`);
  const bytes = gzipSync(output[0].code).length;
  if (bytes > limit) throw new Error(`${name}: the bundle has ${bytes} bytes gzipped; the limit is ${limit}`);
  return `${name} ${bytes / 1000} kB`;
}

try {
  install();
  compileTypeScript();
  write('consumer.mjs', JAVASCRIPT);
  run(process.execPath, 'consumer.mjs');
  const version = run(process.execPath, join(modules, 'agenet', 'dist', 'cli', 'main.js'), '--version').trim();
  const sizes = [];
  for (const [name, page] of Object.entries(PAGES)) sizes.push(await bundle(name, page));
  console.log(`agenet ${version}: packed, compiled and run; bundled, gzipped: ${sizes.join(', ')}`);
} finally {
  rmSync(project, { recursive: true });
}
