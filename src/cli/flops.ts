import { flopsByLayer } from '../networks/layer.js';
import type { Network } from '../networks/network.js';

/** Floating-point operations of a forward pass of one image after training; a multiply-add counts as 2. */
export function networkFlops(network: Network) {
  const layers = flopsByLayer(network.layers, network.inputShape);
  return { total: Object.values(layers).reduce((total, flops) => total + flops, 0), layers };
}

const UNITS = ['FLOPs', 'kFLOPs', 'MFLOPs', 'GFLOPs', 'TFLOPs'] as const;

/** `1.23 MFLOPs`. */
export function formatFlops(flops: number) {
  const unit = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, flops)) / 3));
  return `${(flops / 1000 ** unit).toFixed(unit === 0 ? 0 : 2)} ${UNITS[unit]!}`;
}
