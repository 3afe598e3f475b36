import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Per tensor, its shape by its element type. */
type TypedShapes = readonly Record<string, readonly number[]>[];

interface ProfileEvent {
  cat: string;
  name: string;
  dur: number;
  args: { op_name: string; input_type_shape: TypedShapes; output_type_shape: TypedShapes };
}

/** Reads and removes the profile that ONNX Runtime wrote to a path that starts with `prefix`. */
export async function readProfile(prefix: string) {
  const folder = dirname(prefix);
  const file = (await readdir(folder)).find((name) => name.startsWith(basename(prefix)));
  if (file === undefined) throw new Error(`profile: ONNX Runtime wrote none for ${prefix}`);
  const events = JSON.parse(await readFile(join(folder, file), 'utf8')) as ProfileEvent[];
  await rm(join(folder, file));
  return summarize(events.filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time')));
}

/** Returns one row per operator and shapes, the slowest first. */
function summarize(events: readonly ProfileEvent[]) {
  const groups = new Map<string, ProfileEvent[]>();
  for (const event of events) {
    const key = `${event.args.op_name} ${shapesOf(event)}`;
    groups.set(key, [...(groups.get(key) ?? []), event]);
  }
  const sum = (group: readonly ProfileEvent[]) => group.reduce((total, { dur }) => total + dur, 0);
  const total = sum(events);
  const rows = Array.from(groups.values(), (group) => {
    const first = group[0]!;
    const microseconds = sum(group);
    const operations = operationsOf(first);
    const rate = (amount: number) => (amount * group.length) / microseconds / 1000;
    return {
      operator: first.args.op_name,
      shapes: shapesOf(first),
      count: group.length,
      milliseconds: microseconds / 1000,
      /** Fraction of the time of all operators. */
      share: microseconds / total,
      gflops: operations && rate(operations),
      /** Read and written. */
      gigabytes_per_second: operations ? undefined : rate(bytesOf(first)),
    };
  });
  return rows.sort((a, b) => b.milliseconds - a.milliseconds);
}

const tensors = (list: TypedShapes) => list.map((entry) => Object.entries(entry)[0]!);
const product = (shape: readonly number[]) => shape.reduce((total, size) => total * size, 1);

function shapesOf({ args }: ProfileEvent) {
  const show = (list: TypedShapes) => tensors(list).map(([, shape]) => `[${shape.join()}]`);
  return `${show(args.input_type_shape).slice(0, 4).join(' ')} > ${show(args.output_type_shape).join(' ')}`;
}

/** Multiplications and additions, or undefined for operators that are bound by memory. */
function operationsOf({ args }: ProfileEvent) {
  const inputs = tensors(args.input_type_shape).map(([, shape]) => shape);
  const output = tensors(args.output_type_shape)[0]?.[1] ?? [];
  if (/^(Conv|FusedConv)$/.test(args.op_name)) {
    // Depthwise kernels have a second axis of 1 and are bound by memory.
    return inputs[1]![1] === 1 ? undefined : 2 * product(output) * product(inputs[1]!.slice(1));
  }
  if (args.op_name === 'ConvTranspose') return 2 * product(inputs[0]!) * product(inputs[1]!.slice(1));
  if (/^(MatMul|FusedMatMul|Gemm)$/.test(args.op_name))
    return (2 * product(output) * product(inputs[0]!)) / Math.max(1, product(output.slice(0, -1)));
  return undefined;
}

const BYTES: Record<string, number> = { float: 4, int64: 8, uint8: 1, bool: 1 };
const bytesOf = ({ args }: ProfileEvent) =>
  tensors([...args.input_type_shape, ...args.output_type_shape]).reduce(
    (sum, [type, shape]) => sum + (BYTES[type] ?? 4) * product(shape),
    0,
  );

/** Rows to print. */
const LIMIT = 40;

export function showProfile(rows: Awaited<ReturnType<typeof readProfile>>) {
  const lines = rows.slice(0, LIMIT).map((row) => {
    const { operator, shapes, count, milliseconds, share, gflops, gigabytes_per_second: gigabytes } = row;
    const rate = gflops === undefined ? `${gigabytes!.toFixed(1)} GB/s` : `${gflops.toFixed(0)} GFLOP/s`;
    return `${(100 * share).toFixed(1).padStart(5)}% ${milliseconds.toFixed(1).padStart(9)} ms ${String(count).padStart(5)} x ${rate.padStart(13)}  ${operator} ${shapes}`;
  });
  return [' share      time  count          rate  operator and shapes', ...lines];
}
