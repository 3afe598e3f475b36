/** The data that commands look at with a trained model. */
import type { ImageSource, Split } from '../data/source.js';
import type { Configuration } from '../training/configuration.js';
import { openSource } from '../data/open.node.js';
import type { Terminal } from './command.js';
import { decodingProgress } from './progress.js';

/** Opens data in the format of a run, parted as for it; what the run was trained on unless other data are named. The caller closes them. */
export const openRunData = (data: string | undefined, configuration: Configuration, terminal: Terminal): Promise<ImageSource> =>
  openSource(data ?? configuration.data, configuration, {
    testFraction: configuration.testFraction,
    onWarning: terminal.note,
    onProgress: decodingProgress(terminal),
  });

export const splitOf = (source: ImageSource, part: string): Split => (part === 'test' ? source.test : source.train);

/** What an image is and where: its number, and its name and class where the data have them. */
export function describeImage(source: ImageSource, part: Split, index: number): Readonly<Record<string, unknown>> {
  const label = part.labels?.[index];
  return {
    index,
    ...(part.nameOf ? { name: part.nameOf(index) } : {}),
    ...(label === undefined ? {} : { label, ...(source.classNames?.[label] === undefined ? {} : { class: source.classNames[label] }) }),
  };
}
