import js from '@eslint/js';
import { configs as regexp } from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['api', 'build', 'dist', 'node_modules', 'coverage', 'runs', 'site'] },
  js.configs.recommended,
  // Expressions whose time is not linear in the text would let a file hold the program up.
  regexp['flat/recommended'],
  { rules: { 'regexp/no-unused-capturing-group': 'off' } },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [tseslint.configs.recommendedTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        project: [
          './tsconfig.lint.json',
          './pages/tsconfig.json',
          './website/tsconfig.json',
          './tests/pages/tsconfig.json',
        ],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // Indices are checked by the compiler (noUncheckedIndexedAccess); `!` says where a bound is known.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      complexity: ['error', 14],
      'max-lines': ['error', { max: 450 }],
    },
  },
  { files: ['src/**/*.ts'], rules: { 'max-lines-per-function': ['error', { max: 60 }] } },
  // In place of `readonly` at every property: no function changes what it is given. These files fill arrays in place.
  {
    files: ['src/**/*.ts'],
    ignores: [
      'src/numerics/**',
      'src/random.ts',
      'src/age/prior.ts',
      'src/classifiers/{logisticRegression,probe,rotations}.ts',
      'src/engine/lowering/blocked/kernels.ts',
      'src/model/codeMap.ts',
      'src/studio/{liveUpdates,runQueue}.node.ts',
    ],
    rules: { 'no-param-reassign': ['error', { props: true }] },
  },
  { files: ['{pages,website}/**/*.{ts,tsx}'], rules: { 'max-lines-per-function': ['error', { max: 80 }] } },
  // Each condition in the elements of a component counts as a branch.
  { files: ['**/*.tsx'], rules: { complexity: ['error', 18] } },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/terminal.ts'],
    rules: {
      'regexp/no-super-linear-move': 'error',
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        ...['stdout', 'stderr'].map((property) => ({
          object: 'process',
          property,
          message: 'Only src/cli/terminal.ts prints: it escapes what a terminal would act on.',
        })),
      ],
    },
  },
  {
    files: ['examples/web*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        ['Blob', 'document', 'fetch', 'ImageData', 'OffscreenCanvas', 'self', 'Worker'].map((name) => [
          name,
          'readonly',
        ]),
      ),
    },
  },
  {
    files: ['**/*.js', '**/*.cjs', '**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        performance: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        structuredClone: 'readonly',
      },
    },
  },
);
