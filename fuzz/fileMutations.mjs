/** Mutations of files: of arbitrary bytes, or within their format with matching checksums and lengths. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { unzipSync, zipSync } from 'fflate';
import { HOSTILE_NAMES } from './strings.mjs';

const FIELDS = [
  'ffffffff',
  'ffffff7f',
  '7fffffff',
  '00000010',
  '10000000',
  '00000000',
  '0000000000000080',
  'ffffffffffffffff',
  '0000f07f',
  '0000c07f',
].map((hex) => Buffer.from(hex, 'hex'));

/** Half of all positions are in the first 512 bytes: there are most headers. */
const position = (random, length) => random.below(Math.max(1, random.chance(0.5) ? Math.min(512, length) : length));

/** Changes of bytes, whatever they mean. */
const BYTE_MUTATIONS = [
  (bytes, random) => bytes.subarray(0, position(random, bytes.length)),
  (bytes, random) => {
    const changed = Buffer.from(bytes);
    for (let count = 1 + random.below(8); count > 0; count--)
      changed[position(random, changed.length)] ^= 1 << random.below(8);
    return changed;
  },
  (bytes, random) => {
    const changed = Buffer.from(bytes);
    random.pick(FIELDS).copy(changed, position(random, changed.length));
    return changed;
  },
  (bytes, random) => {
    const start = position(random, bytes.length);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + 1 + random.below(64))]);
  },
  (bytes, random) => {
    const [start, end] = [position(random, bytes.length), position(random, bytes.length)].sort((a, b) => a - b);
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)]);
  },
  (bytes, random) => Buffer.concat([bytes, Buffer.alloc(1 + random.below(64), random.below(256))]),
  () => Buffer.alloc(0),
  (bytes) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]),
];

const mutateBytes = (bytes, random) => Buffer.from(random.pick(BYTE_MUTATIONS)(bytes, random));

const JSON_VALUES = [
  null,
  true,
  '',
  'text',
  -1,
  0,
  0.5,
  3,
  1e21,
  -1e308,
  2 ** 53,
  [],
  {},
  [[]],
  [null],
  { a: 1 },
  '2',
  ...HOSTILE_NAMES.slice(0, 16),
];

/** Replaces, removes, adds or repeats one value somewhere in a JSON value. */
function mutateJson(value, random) {
  const parents = [];
  const visit = (each) => {
    if (typeof each !== 'object' || each === null) return;
    if (Object.keys(each).length > 0) parents.push(each);
    Object.values(each).forEach(visit);
  };
  visit(value);
  if (parents.length === 0) return random.pick(JSON_VALUES);
  const parent = random.pick(parents);
  const key = random.pick(Object.keys(parent));
  const kind = random.below(8);
  if (kind === 0) delete parent[key];
  else if (kind === 1 && !Array.isArray(parent))
    parent[random.pick([...HOSTILE_NAMES, 'initFrom', 'saveBest', 'steps'])] = parent[key];
  else if (kind === 2) parent[key] = [parent[key]];
  else parent[key] = random.pick(JSON_VALUES);
  return value;
}

const mutateJsonText = (bytes, random) =>
  Buffer.from(JSON.stringify(mutateJson(JSON.parse(bytes.toString()), random), null, random.pick([0, 2])));

function mutateJsonLines(bytes, random) {
  const lines = bytes.toString().trim().split('\n');
  const index = random.below(lines.length);
  lines[index] = JSON.stringify(mutateJson(JSON.parse(lines[index]), random));
  return Buffer.from(lines.join('\n'));
}

const YAML_LINES = [
  'width: 2',
  'width: -1',
  '? ',
  '- a',
  '&a [*a, *a]',
  'x: &x [1, *x]',
  '!!js/function "x"',
  '"\\u001b": 1',
  '<<: *missing',
  'latent: .nan',
  'latent: .inf',
  'batch: 0x4',
  '\t tab: 1',
  'flip: yes',
  'evaluateMetrics: fid',
  'initFrom: 3',
  'initFrom: missing',
  'data: mnist',
  '--- {}',
  `width: ${'['.repeat(5000)}${']'.repeat(5000)}`,
  `width: "${'y'.repeat(5000)}"`,
];

function mutateYaml(bytes, random) {
  const lines = bytes.toString().split('\n');
  lines.splice(random.below(lines.length), random.below(2), random.pick(YAML_LINES));
  return Buffer.from(lines.join('\n'));
}

/** Changes the header of a safetensors file and puts the right length before it, or changes elements after it. */
function mutateSafetensors(bytes, random) {
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  const [header, data] = [JSON.parse(bytes.subarray(8, end).toString()), Buffer.from(bytes.subarray(end))];
  if (random.chance(0.3)) random.pick(FIELDS).copy(data, 4 * random.below(Math.floor(data.length / 4)));
  else if (random.chance(0.4) && header.__metadata__) mutateMetadata(header.__metadata__, random);
  else mutateJson(header, random);
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

/** Metadata are strings, some of which hold JSON. */
function mutateMetadata(metadata, random) {
  const key = random.pick(Object.keys(metadata));
  try {
    metadata[key] = JSON.stringify(mutateJson(JSON.parse(metadata[key]), random));
  } catch {
    metadata[key] = String(random.pick(JSON_VALUES));
  }
}

/** Changes one of the fields of a PNG's header and puts the right checksum after it. */
function mutatePng(bytes, random) {
  const changed = Buffer.from(bytes);
  const kind = random.below(4);
  if (kind < 2) changed.writeUInt32BE(random.pick([0, 1, 65_535, 1_000_000, 0x7fffffff, 0xffffffff]), 16 + 4 * kind);
  else changed[24 + random.below(5)] = random.below(256);
  changed.writeUInt32BE(crc32(changed.subarray(12, 29)), 29);
  return changed;
}

/** CRC-32 bit by bit: Node's own is missing in its older versions. */
function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** Damages one of the arrays in an archive and packs it again. */
function mutateArchive(bytes, random) {
  const files = unzipSync(bytes);
  const name = random.pick(Object.keys(files));
  const kind = random.below(6);
  if (kind === 0) delete files[name];
  else if (kind === 1) files[random.pick([...HOSTILE_NAMES, '../images.npy', 'labels.npy', 'images'])] = files[name];
  else files[name] = mutateNumpy(Buffer.from(files[name]), random);
  return Buffer.from(zipSync(files, { level: random.pick([0, 6]) }));
}

const HEADERS = [
  [/\(\d+/, ['(0', '(1', '(-1', '(99999999999', '(30, 30', '(', '(1.5', '((2']],
  [/\|u1/, ['<f4', '<f8', '>i2', '|O', '|b1', '<U1', '|S1', '<c8', '|u8', '<i8', '|V1', '']],
  [/False/, ['True', 'false', '0', 'None']],
  [/'shape'/, ["'shap'", "'shape': 1, 'shape'", '"shape"']],
  [/\{/, ['{{', '[', '']],
];

/** Changes the header of a NumPy array and pads it to its length; or any bytes. */
function mutateNumpy(bytes, random) {
  if (random.chance(0.3)) return mutateBytes(bytes, random);
  const length = bytes.readUInt16LE(8);
  const [pattern, replacements] = random.pick(HEADERS);
  const text = bytes
    .subarray(10, 10 + length)
    .toString('latin1')
    .replace(pattern, random.pick(replacements));
  return Buffer.concat([
    bytes.subarray(0, 10),
    Buffer.from(
      `${text
        .trimEnd()
        .padEnd(length - 1)
        .slice(0, length - 1)}\n`,
      'latin1',
    ),
    bytes.subarray(10 + length),
  ]);
}

const mutateGzip = (bytes, random) => gzipSync(mutateBytes(gunzipSync(bytes), random));

/** Mutations that know a format, by the extension of the file. */
const FORMATS = {
  json: mutateJsonText,
  jsonl: mutateJsonLines,
  yaml: mutateYaml,
  safetensors: mutateSafetensors,
  png: mutatePng,
  npz: mutateArchive,
  gz: mutateGzip,
};

/** Returns a damaged copy of a file's bytes. */
export function damage(bytes, extension, random) {
  const format = Object.hasOwn(FORMATS, extension) && random.chance(0.65) ? FORMATS[extension] : mutateBytes;
  try {
    return format(Buffer.from(bytes), random);
  } catch {
    // Bytes that were damaged before may not be of the format any more.
    return mutateBytes(bytes, random);
  }
}
