/** The conditions of an evaluation, as its file stores them. */
export type Protocol = Readonly<Record<string, unknown>>;

/** Besides the model. */
export interface Condition {
  readonly name: string;
  /** Equal if and only if the condition is; undefined if it was not recorded. */
  readonly key: (protocol: Protocol) => unknown;
  readonly text: (protocol: Protocol) => string;
}

const objectIn = (protocol: Protocol, name: string): Protocol | undefined => protocol[name] as Protocol | undefined;

/** A condition that is a value or an object of values. */
export const protocolValue = (name: string, key: Condition['key']): Condition => ({
  name,
  key,
  text: (protocol) => formatValue(key(protocol)),
});

function formatValue(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const parts = Object.entries(value).map(([name, each]) => `${name.replaceAll('_', ' ')} ${formatValue(each)}`);
  return parts.join(', ');
}

/** The same name may refer to different images. */
function imageSet(name: string, splitOf: (protocol: Protocol) => string): Condition {
  const digestIn = (protocol: Protocol) => objectIn(protocol, 'digests')?.[splitOf(protocol)];
  const text = (protocol: Protocol) => {
    const size = [...(protocol.size as readonly number[]), protocol.channels].join('x');
    return `${String(protocol.data)} ${splitOf(protocol)} at ${size} (${String(digestIn(protocol)).slice(0, 8)})`;
  };
  return { name, key: digestIn, text };
}

/** Raw weights are compared with EMA only in runs without EMA, which sample with them. */
const weights: Condition = {
  name: 'weights',
  key: ({ weights, ema_decay: decay }) =>
    weights === 'ema' || decay === 0 ? 'default' : decay === undefined ? undefined : 'raw',
  text: ({ weights, ema_decay: decay }) =>
    weights === 'ema' ? 'EMA' : decay === 0 ? 'raw (run without EMA)' : 'raw instead of EMA',
};

const extractor: Condition = {
  name: 'feature extractor',
  key: (protocol) => {
    const { name, digest } = objectIn(protocol, 'extractor') ?? {};
    return digest === undefined ? undefined : [name, digest];
  },
  text: (protocol) => {
    const { name, digest } = objectIn(protocol, 'extractor') ?? {};
    return `${String(name)}${typeof digest === 'string' ? ` [weights ${digest.slice(0, 8)}]` : ''}`;
  },
};

/** A count matters if the expectation depends on it, as for FID; not for the unbiased KID and means over images. */
export const CONDITIONS = {
  images: imageSet('image set', ({ split }) => split as string),
  trainingSet: imageSet('training set', () => 'train'),
  heldOutSet: imageSet('held-out set', () => 'test'),
  imageCount: protocolValue('image count', ({ images }) => images),
  sampleCount: protocolValue('sample count', ({ samples }) => samples),
  codes: protocolValue('latent space', ({ codes }) => codes),
  extractor,
  weights,
} as const;
