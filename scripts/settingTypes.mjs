// Adds the help of each setting to the published types, so that editors show it: the settings are declared as data.
import { readFileSync, writeFileSync } from 'node:fs';
import { DECLARATIONS } from '../dist/training/settings.js';
import { defaultOf } from '../dist/training/declaration.js';

const file = new URL('../dist/training/settings.d.ts', import.meta.url);
const documented = readFileSync(file, 'utf8').replace(
  /^( +)(?:readonly )?(\w+): (?=.*Declaration<)/gm,
  (line, indent, key) => {
    const declaration = DECLARATIONS[key];
    if (declaration === undefined) return line;
    const standard = defaultOf(declaration);
    const help = `${declaration.help[0].toUpperCase()}${declaration.help.slice(1)}`;
    return `${indent}/** ${help}${standard === undefined ? '' : ` (default: ${standard})`}. */\n${line}`;
  },
);
writeFileSync(file, documented);
