import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { SETTINGS } from '../../src/training/settings.js';

const DECLARATIONS = fileURLToPath(new URL('../../dist/node.d.ts', import.meta.url));

describe('the published types', () => {
  /** The properties of an exported type with the documentation that an editor shows. */
  let documentationOf: (type: string) => Record<string, string>;
  beforeAll(() => {
    const program = ts.createProgram([DECLARATIONS], {
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      skipLibCheck: true,
    });
    const checker = program.getTypeChecker();
    const module = checker.getSymbolAtLocation(program.getSourceFile(DECLARATIONS)!)!;
    const exported = new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, symbol]));
    documentationOf = (type) => {
      const found = exported.get(type)!;
      const symbol = found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found;
      const properties = checker
        .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
        .filter(({ name }) => !name.startsWith('__@'));
      return Object.fromEntries(
        properties.map((property) => [
          property.name,
          ts.displayPartsToString(property.getDocumentationComment(checker)),
        ]),
      );
    };
  });
  const undocumented = (type: string) =>
    Object.entries(documentationOf(type)).flatMap(([name, text]) => (text === '' ? [name] : []));

  it('document every setting', () => {
    const keys = Object.keys(documentationOf('Settings'));
    expect(keys).toEqual(expect.arrayContaining([...Object.keys(SETTINGS), 'epochs', 'steps', 'preset', 'config']));
    expect(undocumented('Settings')).toEqual([]);
    expect(documentationOf('Settings').learningRate).toBe('Learning rate of Adam (default: 0.0015).');
  });

  it.each(['TrainOptions', 'LoadOptions', 'SampleOptions', 'InterpolateOptions', 'ClassifyOptions', 'GridOptions'])(
    'document every option of %s',
    (type) => {
      expect(Object.keys(documentationOf(type))).not.toEqual([]);
      expect(undocumented(type)).toEqual([]);
    },
  );
});
