import { expect, it } from 'vitest';
import { type Declaration, defaultOf, flagFor, GROUPS, rangeOf } from '../../src/training/declaration.js';
import { DECLARATIONS } from '../../src/training/settings.js';

const INTRODUCTION = `# Settings

Every setting of a run by its key: in \`config.json\`, in a file for \`--config\`, and in the library. Its option of \`agenet train\` is the key in
lower case with hyphens: \`learningRate\` is \`--learning-rate\`. A resumed run may change the settings marked *yes*.

The settings of the objective have defaults that belong together. If you give \`encoderUpdates\`, \`generatorUpdates\`, \`updateOrder\`,
\`stages\`, \`divergence\` or \`reduction\`, the objective is *changed*, and the others have other defaults ([recipes](recipes.md)).

The declarations in \`src/training/settings.ts\` generate this page: \`npx vitest run tests/docs/settings.test.ts -u\` writes it.
`;

const cell = (text: string): string => text.replaceAll('|', '\\|');

function rowOf([key, declaration]: readonly [string, Declaration]): string {
  const { help, type, group, isChangeable, aliases } = declaration;
  const names = [`\`${key}\``, ...aliases.map((name) => `\`${flagFor(name)}\``)].join(', ');
  const standard = defaultOf(declaration);
  const cells = [
    names,
    group === undefined ? `${help} (no option)` : help,
    rangeOf(type),
    standard === undefined || declaration.defaultText !== undefined ? (standard ?? '') : `\`${standard}\``,
    isChangeable ? 'yes' : '',
  ];
  return `| ${cells.map(cell).join(' | ')} |`;
}

it('docs/settings.md lists every setting with its range and default', async () => {
  const sections = [...GROUPS, undefined].map((group) => {
    const rows = Object.entries(DECLARATIONS).filter(([, declaration]) => declaration.group === group);
    const head = `## ${group ?? 'Without an option'}\n\n| setting | meaning | values | default | on resume |\n| --- | --- | --- | --- | --- |`;
    return `${head}\n${rows.map(rowOf).join('\n')}\n`;
  });
  await expect([INTRODUCTION, ...sections].join('\n')).toMatchFileSnapshot('../../docs/settings.md');
});
