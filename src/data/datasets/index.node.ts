// Written by scripts/registries.mjs.
export * from './celeba.node.js';
export * from './cifar.node.js';
export * from './folder.node.js';
export * from './idx.node.js';
export * from './npz.node.js';
export * from './svhn.node.js';
export * from './zip.node.js';
