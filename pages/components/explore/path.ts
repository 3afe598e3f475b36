/** The shortest path between two codes. */
import type { Prior } from '../../../src/age/prior.js';
import { codeBetween } from '../../../src/model/paths.js';
import { derivedCode } from '../codes.js';
import type { Code } from '../networks.js';
import type { NamedCode } from './explored.js';

/** The two ends of a path, and the one that the next selection replaces. */
export interface Ends {
  codes: readonly [first: NamedCode, second: NamedCode];
  side: 0 | 1;
}

/** Selections replace the first end, the second, the first and so on. */
export function selectEnd({ codes: [first, second], side }: Ends, code: NamedCode): Ends {
  return side === 0 ? { codes: [code, second], side: 1 } : { codes: [first, code], side: 0 };
}

/** Which condition codes on a path have: it changes evenly, or is that of an end. */
export const CONDITIONS_ON_PATH = {
  path: 'changes from the first to the second',
  first: 'of the first image',
  second: 'of the second image',
} as const;
export type ConditionOnPath = keyof typeof CONDITIONS_ON_PATH;

/**
 * Returns the code at a position of the path between two codes. Between two images, its distance is
 * `distanceFromCodes`.
 * @param position 0 at the first code, 1 at the second
 */
export function codeOnPath(
  prior: Prior,
  first: Code,
  second: Code,
  position: number,
  condition: ConditionOnPath = 'path',
): Code {
  const code = derivedCode(codeBetween(prior, first.code, second.code, position), [first, second]);
  return { ...code, condition: conditionAt(first.condition, second.condition, position, condition) };
}

/** An unknown condition is 0, as in training. */
function conditionAt(
  first: Float32Array | undefined,
  second: Float32Array | undefined,
  position: number,
  choice: ConditionOnPath,
): Float32Array | undefined {
  if (choice !== 'path') return choice === 'first' ? first : second;
  return (first ?? second)?.map((_, at) => {
    const [from, to] = [first?.[at] ?? 0, second?.[at] ?? 0];
    return from + position * (to - from);
  });
}
