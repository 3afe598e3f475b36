/** What commands of `agenet` print, in processes of their own. */
import { messageOf } from '../errors.js';

/** Returns the message of a command that failed under `--json`. */
export function messageOfCommand(error: unknown): string {
  const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
  try {
    return (JSON.parse(lastLineOf(stdout)) as { readonly error: { readonly message: string } }).error.message;
  } catch {
    const line = lastLineOf(stderr).replace(/^agenet: /u, '');
    return line === '' ? messageOf(error) : line;
  }
}

/** Returns the last line of what a command printed, which under `--json` is its result. */
export const lastLineOf = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';
