/** Native libraries, called by koffi with the stacks that ONNX Runtime's kernels need. */

/** Stack of a call, in bytes: as much as threads usually have, since kernels keep their panels there. */
const STACK = 8 * 2 ** 20;

/** An address in native memory, or null. */
export type Pointer = bigint | null;

/** Loads koffi, configured before it loads any library: afterwards it rejects any configuration, even an equal one. */
export async function loadKoffi() {
  const { default: koffi } = await import('koffi');
  const current = koffi.config();
  const wanted = { ...current, sync_stack_size: STACK, async_stack_size: STACK, resident_async_pools: 1 };
  if (Object.entries(wanted).some(([name, value]) => current[name as keyof typeof current] !== value)) koffi.config(wanted);
  return koffi;
}

export type Koffi = Awaited<ReturnType<typeof loadKoffi>>;
