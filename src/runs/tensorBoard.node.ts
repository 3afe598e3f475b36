import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { PreviewFiles, TrainingEvent } from '../training/events.js';
import type { IterationReport } from '../training/trainer.js';
import type { OwnFolder } from './ownFolder.node.js';

/**
 * Writes losses, evaluations and previews of a run into a TensorBoard event file in its folder. TensorBoard groups tags
 * by their part before the slash: `train/learning_rate`, `encoder/KL_real`, `evaluation/fid`, `previews/samples`.
 */
export class TensorBoardLog {
  private readonly name: string;
  private records: Uint8Array[] = [];
  private written = 0;
  private lastStep = 0;

  /** @param every iterations between two entries */
  constructor(
    private readonly folder: OwnFolder,
    private readonly every: number,
    private readonly now = () => Date.now() / 1000,
  ) {
    const started = now();
    this.name = `events.out.tfevents.${Math.floor(started)}.${hostname()}.${process.pid}`;
    this.records.push(fileVersionRecord(started));
  }

  readonly onEvent = async (event: TrainingEvent) => {
    // The file of a killed process may contain entries after its last checkpoint.
    if (event.type === 'start') this.records.push(sessionStartRecord(event.step + 1, this.now()));
    if (event.type === 'iteration') await this.writeIteration(event.report);
    if (event.type === 'evaluation') await this.writeGroup(event.step, 'evaluation', event.metrics);
    if (event.type === 'previews') await this.writeGroup(event.step, 'previews', readPreviews(event));
  };

  private async writeIteration({ step, learningRate, scalars }: IterationReport) {
    // Training was rolled back to a checkpoint.
    if (step <= this.lastStep) this.records.push(sessionStartRecord(step, this.now()));
    this.lastStep = step;
    if (step % this.every !== 0 && step !== 1) return;
    const tagged = Object.entries(scalars).map(([name, value]) => [name.replace('.', '/'), value] as const);
    await this.write(step, { 'train/learning_rate': learningRate, ...Object.fromEntries(tagged) });
  }

  private writeGroup(step: number, group: string, values: TaggedValues) {
    const tagged = Object.entries(values).map(([name, value]) => [`${group}/${name}`, value] as const);
    return this.write(step, Object.fromEntries(tagged));
  }

  /** If the disk is full, the record waits for the next one. */
  private async write(step: number, values: TaggedValues) {
    this.records.push(summaryRecord(step, this.now(), values));
    try {
      const bytes = Buffer.concat(this.records);
      await this.folder.writeEnd(this.name, this.written, bytes);
      this.written += bytes.length;
      this.records = [];
    } catch {
      // The log already warns that the folder cannot be written.
    }
  }
}

/** Skips files that were removed meanwhile. */
function readPreviews({ samples, reconstructions }: PreviewFiles) {
  const entries = Object.entries({ samples, reconstructions }).flatMap(([name, path]) => {
    try {
      return [[name, readFileSync(path)] as const];
    } catch {
      return [];
    }
  });
  return Object.fromEntries(entries);
}

// The format of event files: TFRecord records (length, its checksum, data, their checksum) of `Event` messages
// (event.proto and summary.proto of tensorboard/compat/proto), each with a `Summary` or a `SessionLog`.

const { Bit32, Bit64, LengthDelimited, Varint } = WireType;

/** Scalars, and images as bytes of PNG files. */
type TaggedValues = Record<string, number | Uint8Array>;

const SESSION_START = 1;

export const fileVersionRecord = (wallTime: number) =>
  record(new BinaryWriter().tag(1, Bit64).double(wallTime).tag(3, LengthDelimited).string('brain.Event:2'));

export function summaryRecord(step: number, wallTime: number, values: TaggedValues) {
  const summary = eventAt(step, wallTime).tag(5, LengthDelimited).fork();
  for (const [tag, value] of Object.entries(values)) {
    const entry = summary.tag(1, LengthDelimited).fork().tag(1, LengthDelimited).string(tag);
    if (typeof value === 'number') entry.tag(2, Bit32).float(value);
    else writeImage(entry.tag(4, LengthDelimited).fork(), value).join();
    entry.join();
  }
  return record(summary.join());
}

function writeImage(message: BinaryWriter, png: Uint8Array) {
  const header = new DataView(png.buffer, png.byteOffset, png.length);
  const [width, height] = [header.getUint32(16), header.getUint32(20)];
  // Previews are RGB (color type 2) or grayscale (0).
  const channels = header.getUint8(25) === 2 ? 3 : 1;
  for (const [index, value] of [height, width, channels].entries()) message.tag(index + 1, Varint).int32(value);
  return message.tag(4, LengthDelimited).bytes(png);
}

/** Readers drop earlier records from this iteration on. */
export const sessionStartRecord = (step: number, wallTime: number) =>
  record(eventAt(step, wallTime).tag(7, LengthDelimited).fork().tag(1, Varint).int32(SESSION_START).join());

const eventAt = (step: number, wallTime: number) =>
  new BinaryWriter().tag(1, Bit64).double(wallTime).tag(2, Varint).int64(step);

function record(event: BinaryWriter): Uint8Array {
  const data = event.finish();
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, checksum(length), data, checksum(data)]);
}

/** CRC-32C (Castagnoli), reflected, one table entry per byte. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

export function crc32c(bytes: Uint8Array) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 0xff]! ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** Of TFRecord: rotated right by 15 bits, plus a constant. */
function checksum(bytes: Uint8Array) {
  const crc = crc32c(bytes);
  const result = Buffer.alloc(4);
  result.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return result;
}
