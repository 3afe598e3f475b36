/** Layers from the bottom up: a folder may import the folders in its list, files of its own, and the files at the root of src. */
const layers = {
  files: [],
  engine: ['files'],
  distributed: ['engine'],
  numerics: [],
  images: ['files'],
  networks: ['engine'],
  age: ['networks', 'engine'],
  conditions: ['networks', 'data', 'images', 'engine'],
  density: ['age', 'networks', 'numerics'],
  golden: ['conditions', 'age', 'networks', 'engine'],
  data: ['images', 'files', 'engine'],
  model: ['density', 'conditions', 'age', 'data', 'images', 'networks', 'numerics', 'engine'],
  training: ['density', 'conditions', 'model', 'age', 'data', 'images', 'networks', 'engine'],
  classifiers: ['model', 'age', 'data', 'images', 'networks', 'numerics', 'engine'],
  metrics: ['classifiers', 'density', 'conditions', 'model', 'age', 'data', 'images', 'networks', 'numerics', 'engine'],
  export: ['training', 'density', 'conditions', 'model', 'age', 'data', 'images', 'networks', 'numerics', 'engine', 'files'],
  web: ['training', 'density', 'conditions', 'age', 'model', 'data', 'networks', 'engine'],
  runs: [
    'export',
    'metrics',
    'classifiers',
    'training',
    'density',
    'conditions',
    'model',
    'age',
    'data',
    'images',
    'networks',
    'numerics',
    'distributed',
    'engine',
    'files',
  ],
  studio: ['runs', 'metrics', 'training', 'conditions', 'data', 'files'],
};
const everyLayer = [...Object.keys(layers), 'cli'];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...Object.entries(layers).map(([layer, allowed]) => ({
      name: `layers-${layer}`,
      comment: `src/${layer} may import ${allowed.length > 0 ? allowed.map((name) => `src/${name}`).join(', ') : 'no other layer'}`,
      severity: 'error',
      from: { path: `^src/${layer}/` },
      to: { path: `^src/(${everyLayer.filter((name) => name !== layer && !allowed.includes(name)).join('|')})/` },
    })),
    { name: 'no-cycles', severity: 'error', from: { path: '^src/' }, to: { circular: true } },
    {
      name: 'node-only-where-named',
      comment:
        "Node's own modules and its native libraries only in the command line and in files named *.node.ts: the rest must run in a browser",
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/|\\.node\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'node-files-named-by-all-importers',
      comment: 'a file that imports a *.node.ts file runs in Node only, and says so by its own name',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/|\\.node\\.ts$|^src/node\\.ts$' },
      to: { path: '^src/.*\\.node\\.ts$' },
    },
    {
      name: 'native-images-only-where-named',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/|\\.node\\.ts$' },
      to: { path: 'node_modules/sharp' },
    },
    {
      name: 'runtime-in-one-place',
      comment: 'only the runtime files of the engine know ONNX Runtime',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/engine/runtime/' },
      to: { path: 'node_modules/(onnxruntime-|koffi)' },
    },
    { name: 'nothing-unresolvable', severity: 'error', from: { path: '^src/' }, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
