import type { Graph } from './graph.js';

/** Encodes a graph as the bytes of an ONNX model. The schema of ONNX takes long to load, so it loads on first use. */
export const encode = async (graph: Graph): Promise<Uint8Array> => (await import('./onnx.js')).encodeModel(graph);
