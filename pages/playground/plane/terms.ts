/** The terms of both losses. */
import type { PassName, Term } from '../../../src/age/losses.js';
import type { NetworkName } from '../../../src/networks/network.js';

/** Terms of each network's loss, each with a weight that can change at any time. */
export const PLANE_TERMS = {
  encoder: ['KL_real', 'KL_fake', 'match_x', 'uniform'],
  generator: ['KL_fake', 'match_z', 'match_x'],
} as const satisfies Record<NetworkName, readonly Term[]>;
export type PlaneWeights = { readonly [N in NetworkName]: Record<(typeof PLANE_TERMS)[N][number], number> };

/** Terms with arrows. */
export const PUSH_TERMS = ['KL_real', 'KL_fake', 'match_x', 'match_z'] as const;
export type PushTerm = (typeof PUSH_TERMS)[number];

/** What each term does, in words. Its own name is in the loss. */
export const TERM_WORDS: Record<PushTerm, { does: string; result: string }> = {
  KL_real: { does: 'spread codes of data', result: 'spread out' },
  KL_fake: { does: 'contest codes of samples', result: 'contested' },
  match_x: { does: 'reconstruct data', result: 'like data' },
  match_z: { does: 'reconstruct codes', result: 'like z' },
};

/** Codes of data and of samples, samples and reconstructions. */
export type PushedPlace = Exclude<PassName, 'distortedCodes'>;

/** A network follows a term by moving these points. */
export interface PushKind {
  network: NetworkName;
  term: PushTerm;
  on: PushedPlace;
}

export interface Push extends PushKind {
  /** Where the points are, and which way each is pushed, [N, 2] or [N, M]. */
  from: Float32Array;
  by: Float32Array;
}
