export { type Architecture, ARCHITECTURE_NAMES, type ArchitectureName, ARCHITECTURES, architectureFor, type Dimensions } from './dcgan.js';
export { forwardInEvaluation, forwardInTraining, type NamedValues } from './forward.js';
export { fitStatistics, initialParameters, initialStatistics } from './initialization.js';
export { type ConvolutionLayer, type InputKind, type Layer } from './layer.js';
export { type Network, NETWORK_NAMES, type NetworkName, networkOf, type NetworkPair } from './network.js';
