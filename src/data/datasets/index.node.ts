// Written by scripts/registries.mjs.
export * from './celebaPartition.js';
export * from './digits.js';
export * from './mnist.node.js';
export * from './standardDatasets.node.js';
