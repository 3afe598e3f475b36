export { encodeNpy, encodeNpz, type NumpyArray } from './formats/encodeNumpy.js';
export { decodeIdx, type IdxArray } from './formats/idx.js';
export { EpochSampler } from './sampler.js';
export { firstImages, gatherImages, type ImageSource, type Split, splitInMemory } from './source.js';
