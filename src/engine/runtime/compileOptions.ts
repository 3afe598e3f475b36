import { InputError } from '../../errors.js';
import { rulesOf } from '../lowering/index.js';

/** More threads than any machine has cores for; the runtime would try to start them all. */
const MAX_THREADS = 1024;

/** Options as a caller without types may pass them. */
export type UncheckedOptions = Readonly<Partial<Record<'device' | 'threads' | 'target' | 'direct' | 'profilePrefix' | 'onFallback', unknown>>>;

const isWhole = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value);
const show = (value: unknown): string =>
  typeof value === 'string' ? `'${value}'` : typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value);

function requireOption(name: string, isValid: boolean, expected: string, value: unknown): void {
  if (!isValid) throw new InputError(`compile: ${name}: expected ${expected} but got ${show(value)}`.replaceAll('\n', ' '));
}

/**
 * Checks what does not depend on the machine.
 * @throws {InputError} if an option has a value of the wrong type or out of range
 */
export function requireCompileOptions({ device, threads, target, direct, profilePrefix, onFallback }: UncheckedOptions): void {
  requireOption('device', device === undefined || typeof device === 'string', 'a name', device);
  const isCount = threads === undefined || (isWhole(threads) && threads >= 0 && threads <= MAX_THREADS);
  requireOption('threads', isCount, `a whole number from 0 (one per core) to ${MAX_THREADS}`, threads);
  requireOption('direct', direct === undefined || typeof direct === 'boolean', 'true or false', direct);
  requireOption('profilePrefix', profilePrefix === undefined || (typeof profilePrefix === 'string' && profilePrefix !== ''), 'a path', profilePrefix);
  requireOption('onFallback', onFallback === undefined || typeof onFallback === 'function', 'a function', onFallback);
  requireOption('target', target === undefined || isTarget(target), `{ name } of ${Object.keys(rulesOf).join(', ')}, with a block of 8 or 16 for cpu`, target);
}

/**
 * Checks that a graph is one.
 * @throws {InputError} if it is not what `graphOf` returns
 */
export function requireGraph(graph: unknown): void {
  const { inputs, outputs } = (graph ?? {}) as { readonly inputs?: unknown; readonly outputs?: unknown };
  if (!Array.isArray(inputs) || typeof outputs !== 'object' || outputs === null)
    throw new InputError(`compile: graph: expected what graphOf returns but got ${graph === null ? 'null' : typeof graph}`);
}

function isTarget(target: unknown): boolean {
  if (typeof target !== 'object' || target === null) return false;
  const { name, block } = target as { readonly name?: unknown; readonly block?: unknown };
  return typeof name === 'string' && Object.hasOwn(rulesOf, name) && (block === undefined || block === 8 || block === 16);
}
