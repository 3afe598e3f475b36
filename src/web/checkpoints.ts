import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { createStore, del, get, keys, set } from 'idb-keyval';
import { InputError } from '../errors.js';
import type { Digest } from '../training/checkpoint.js';

/** SHA-256. Browsers' own returns a promise. */
export const digest: Digest = (...pieces) =>
  bytesToHex(pieces.reduce((hash, piece) => hash.update(piece), sha256.create()).digest());

const openStore = () => createStore('agenet checkpoints', 'checkpoints');

/**
 * Stores a checkpoint in the browser (IndexedDB), where it outlives the page. An earlier one stays if storing fails.
 * @throws {InputError} if the storage is full, or the browser allows none
 */
export const storeCheckpoint = (name: string, bytes: Uint8Array): Promise<void> =>
  attempt('cannot be written', () => set(name, bytes, openStore()));

/**
 * Reads a checkpoint; undefined if none has this name.
 * @throws {InputError} if the browser allows no storage
 */
export const readStoredCheckpoint = (name: string): Promise<Uint8Array | undefined> =>
  attempt('cannot be read', () => get<Uint8Array>(name, openStore()));

export const deleteStoredCheckpoint = (name: string): Promise<void> =>
  attempt('cannot be written', () => del(name, openStore()));

export const storedCheckpointNames = (): Promise<string[]> =>
  attempt('cannot be read', () => keys<string>(openStore()));

async function attempt<T>(problem: string, action: () => Promise<T>) {
  try {
    return await action();
  } catch (error) {
    throw new InputError(
      'browser storage',
      `${problem} (${String(error)})`,
      'free space, or allow storage for this page',
      {
        cause: error,
      },
    );
  }
}
