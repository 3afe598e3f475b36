export { type FolderClasses, folderClasses } from './classes.js';
export { flipBatch } from './flip.js';
export { decodeIdx, type IdxArray } from './idx.js';
export type { ImageItem, LeftOut } from './imageItem.js';
export { encodeNpy, encodeNpz, type NumpyArray } from './npz.js';
export { type Partition, partitionBy, partitionByName } from './partition.js';
export { EpochSampler } from './sampler.js';
export { firstImages, gatherImages, type ImageFormat, type ImageSource, type Split, splitInMemory, subset } from './source.js';
