/** What keeps ONNX Runtime from being called by its C interface. */
export type UnavailableCode = 'platform' | 'caller' | 'library' | 'version' | 'setup';

/** Why ONNX Runtime cannot be called by its C interface here, in one line. Everything still runs by the Node binding. */
export class DirectUnavailableError extends Error {
  override readonly name: string = 'DirectUnavailableError';

  constructor(
    readonly code: UnavailableCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message.replaceAll('\n', ' '), options);
  }
}

/** Runs a step of the setup; its failure becomes a reason of this kind. */
export async function attempt<T>(code: UnavailableCode, what: string, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof DirectUnavailableError) throw error;
    throw new DirectUnavailableError(code, `${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
