import { expect, it } from 'vitest';
import { METRIC_NAMES } from '../../src/metrics/registry.js';
import { allLabels } from '../../src/studio/labels.node.js';
import { LOG_LABELS, METRIC_LABELS } from '../../src/studio/labels.js';
import { DECLARATIONS } from '../../src/training/settings.js';

it('labels of the studio name every metric and setting, and none twice', () => {
  expect(Object.keys(METRIC_LABELS).sort()).toEqual([...METRIC_NAMES].sort());
  const labels = Object.values(allLabels()).map(({ label }) => label);
  expect(labels).toHaveLength(
    Object.keys(LOG_LABELS).length + METRIC_NAMES.length + Object.keys(DECLARATIONS).length + 1,
  );
  expect(labels.filter((label, at) => labels.indexOf(label) < at)).toEqual([]);
});
