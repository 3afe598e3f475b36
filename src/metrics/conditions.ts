/** The conditions of an evaluation, as its file stores them. */
export type Protocol = Readonly<Record<string, unknown>>;

/** A condition besides the model that values of a metric depend on. */
export interface Condition {
  readonly name: string;
  /** Returns equal values if and only if the condition is the same; undefined if the evaluation did not record it. */
  readonly key: (protocol: Protocol) => unknown;
  readonly text: (protocol: Protocol) => string;
}

const objectIn = (protocol: Protocol, name: string): Protocol | undefined => protocol[name] as Protocol | undefined;

/** A condition that is one value of the protocol, or an object of values. */
export const protocolValue = (name: string, key: Condition['key']): Condition => ({
  name,
  key,
  text: (protocol) => formatValue(key(protocol)),
});

const formatValue = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? Object.entries(value)
        .map(([name, each]) => `${name.replaceAll('_', ' ')} ${formatValue(each)}`)
        .join(', ')
    : String(value);

/** A data set is identified by its images, not by its name: the same name may refer to different files. */
const imageSet = (name: string, splitOf: (protocol: Protocol) => string): Condition => ({
  name,
  key: (protocol) => objectIn(protocol, 'digests')?.[splitOf(protocol)],
  text: (protocol) => {
    const split = splitOf(protocol);
    const size = [...(protocol.size as readonly number[]), protocol.channels].join('x');
    return `${String(protocol.data)} ${split} at ${size} (${String(objectIn(protocol, 'digests')?.[split]).slice(0, 8)})`;
  },
});

/** Raw weights are compared with EMA weights only if the run has no EMA, so that sampling uses them. */
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

/**
 * The conditions that several metrics depend on. A count matters if the expectation depends on it: FID falls as samples are added, the
 * unbiased KID does not, nor does a mean over images. The seed matters to none.
 */
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
