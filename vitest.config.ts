import { defineConfig } from 'vitest/config';

/** Tests that start processes, train, or take more than 2 s: `npm run test:unit` skips them. */
const SLOW = [
  'tests/{cli,docs,examples,fuzz,golden,integration,pages,repository}/**/*.test.ts',
  'tests/{training,runs}/**/{events,train,trainer,trainingEvaluation,trainingEvents,trainingLoop}{,.node}.test.ts',
  'tests/runs/**/{dataRecord,extractorCache,imageFeatures,lock,model,runFolder,settings,tensorBoard}{,.node}.test.ts',
  'tests/age/{iteration,update}.test.ts',
  'tests/classifiers/{calibration,dataClassifier,probe}.test.ts',
  'tests/data/**/{compression,decodeCache,imageFolder,npz}{,.node}.test.ts',
  'tests/files/regularFile.node.test.ts',
  'tests/engine/**/{cApi,channelwise,collectives,distribute,lowerToBlocks,parameterStorage}{,.node}.test.ts',
  'tests/images/{decode,video}.node.test.ts',
  'tests/metrics/catalog/kid.test.ts',
  'tests/model/codeMap.test.ts',
  'tests/studio/**/{dataSets,protection,runQueue,studio}.node.test.ts',
  'tests/node.test.ts',
];

/** Tests that mock modules or change their process. All others share processes and modules, which saves a second per file. */
const ISOLATED = [
  'tests/examples/examples.test.ts',
  'tests/files/regularFile.node.test.ts',
  'tests/integration/webgpu.test.ts',
  'tests/runs/{extractorCache,trainingEvaluation}.node.test.ts',
  'tests/studio/dataSets.node.test.ts',
];

/** Examples import the package by its name. */
const source = (file: string) => new URL(`src/${file}`, import.meta.url).pathname;
const PACKAGE = [
  { find: /^agenet$/, replacement: source('index.ts') },
  { find: /^agenet\/node$/, replacement: source('node.ts') },
  { find: /^agenet\/engine$/, replacement: source('engine/index.ts') },
  { find: /^agenet\/native$/, replacement: source('engine/runtime/native.node.ts') },
];

export default defineConfig({
  resolve: { alias: PACKAGE },
  test: {
    // Training and compilation take seconds on a busy machine with two cores, which three workers leave idle for a third of the time.
    maxWorkers: 4,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    setupFiles: ['tests/equality.ts', 'tests/cleanUp.ts'],
    reporters: ['default', './tests/summary.ts'],
    coverage: { include: ['src/**/*.ts'], exclude: ['src/**/index*.ts'], reporter: ['text', 'html'] },
    projects: [
      { extends: true, test: { name: 'unit', isolate: false, include: ['tests/**/*.test.ts'], exclude: SLOW } },
      { extends: true, test: { name: 'slow', isolate: false, include: SLOW, exclude: ISOLATED } },
      { extends: true, test: { name: 'isolated', include: ISOLATED } },
    ],
  },
});
