import { defineConfig } from 'vitest/config';

/** Tests that start processes, train, mock modules, or take more than 5 s: `npm run test:unit` skips them. */
const SLOW = [
  'tests/{cli,fuzz,golden}/**/*.test.ts',
  'tests/{training,runs}/**/{continuation,failingDisk,recovery,train,trainer,trainingEvaluation,trainingEvents,trainingLoop,trainingWhileDecoding}{,.node}.test.ts',
  'tests/runs/**/{extractorCache,lock,tensorBoard}{,.node}.test.ts',
  'tests/age/{iteration,update}.test.ts',
  'tests/classifiers/{calibration,dataClassifier,probe}.test.ts',
  'tests/data/**/decodeCache.node.test.ts',
  'tests/files/regularFile.node.test.ts',
  'tests/engine/**/{cApi,randomGraphs,statistics}{,.node}.test.ts',
  'tests/node.test.ts',
];

export default defineConfig({
  test: {
    // Training and compilation take seconds on a busy machine with two cores.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', './tests/summary.ts'],
    coverage: { include: ['src/**/*.ts'], exclude: ['src/**/index*.ts'], reporter: ['text', 'html'] },
    projects: [
      // Unit tests change nothing outside their own objects, so that they may share modules, which load once per worker.
      { extends: true, test: { name: 'unit', include: ['tests/**/*.test.ts'], exclude: SLOW, isolate: false } },
      { extends: true, test: { name: 'slow', include: SLOW } },
    ],
  },
});
