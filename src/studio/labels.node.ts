import { METRIC_NAMES, metricNamed } from '../metrics/registry.js';
import { DECLARATIONS } from '../training/settings.js';
import { type Label, LOG_LABELS, METRIC_LABELS } from './labels.js';

/** Labels of everything that a page names, by its name in files. */
export const allLabels = (): Record<string, Label> => ({
  ...LOG_LABELS,
  ...Object.fromEntries(
    METRIC_NAMES.map((name) => [name, { label: METRIC_LABELS[name] ?? name, meaning: metricNamed(name)!.meaning }]),
  ),
  ...Object.fromEntries(
    Object.entries(DECLARATIONS).map(([name, { title, help }]) => [name, { label: title, meaning: help }]),
  ),
  version: { label: 'File version', meaning: 'version of the format of config.json' },
});
