export { decodeIdx, type IdxArray } from './idx.js';
export { encodeNpy, encodeNpz, type NumpyArray } from './npz.js';
export { EpochSampler } from './sampler.js';
export { firstImages, gatherImages, type ImageSource, type Split, splitInMemory } from './source.js';
