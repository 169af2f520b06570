// The rooms of ARCHITECTURE.md and the one direction in which they import each other.
import js from '@eslint/js';
import * as regexp from 'eslint-plugin-regexp';
import ts from 'typescript-eslint';

/** Room -> the rooms it may import. Anything not listed is forbidden. */
const rooms = {
  util: [],
  onnx: ['util'],
  autodiff: ['onnx', 'util'],
  model: ['onnx', 'util'],
  completion: ['util'],
  feedback: ['util'],
  store: ['feedback', 'util'],
  training: ['autodiff', 'onnx', 'model', 'completion', 'feedback', 'util'],
  replay: ['completion', 'feedback', 'model', 'store', 'training', 'util'],
  host: ['completion', 'model', 'onnx', 'replay', 'store', 'training', 'util'],
  dashboard: ['feedback', 'util'],
  editor: ['completion', 'feedback', 'store', 'host', 'model', 'training', 'dashboard', 'util'],
  cli: ['completion', 'feedback', 'store', 'host', 'model', 'training', 'replay', 'util'],
};

/** Packages that only some files may import. */
const packages = {
  vscode: ['src/editor/**', 'src/extension.ts'],
  'onnxruntime-node': ['src/model/session.ts'],
  sqlite3: ['src/store/**'],
};

/** Rooms that do no input or output of their own; time comes from a Clock. */
const pure = ['completion', 'feedback', 'autodiff', 'onnx'];
const io = ['fs', 'fs/promises', 'child_process', 'net', 'http', 'https', 'worker_threads'];

const roomRules = Object.entries(rooms).map(([room, allowed]) => {
  const forbidden = Object.keys(rooms).filter((r) => r !== room && !allowed.includes(r));
  const patterns = [];
  if (forbidden.length > 0) {
    patterns.push({
      regex: `^\\.\\./(\\.\\./)?(${forbidden.join('|')})/${allowed.includes('model') ? '' : '(?!types$)'}`,
      message: `${room}/ may import only: ${[...allowed, 'types'].join(', ')}.`,
    });
  }
  const paths = Object.entries(packages)
    .filter(([, files]) => !files.some((f) => f.startsWith(`src/${room}/`)))
    .map(([name]) => ({ name, message: `${name} stays out of ${room}/.` }));
  if (pure.includes(room)) {
    for (const name of io)
      paths.push(
        { name: `node:${name}`, message: `${room}/ does no I/O.` },
        { name, message: `${room}/ does no I/O.` },
      );
  }
  return {
    files: [`src/${room}/**/*.ts`],
    ignores: room === 'model' ? ['src/model/session.ts'] : [],
    rules: { 'no-restricted-imports': ['error', { paths, patterns }] },
  };
});

export default ts.config(
  { ignores: ['node_modules/', 'dist/', 'out/', '.cache/', 'test/fixtures/', 'test/editor/host/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [ts.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: ['./test/tsconfig.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'no-console': 'error',
    },
  },
  {
    // Source text of any length and shape runs through these: no expression may take quadratic time.
    files: ['src/**/*.ts'],
    plugins: { regexp },
    rules: {
      'regexp/no-super-linear-backtracking': 'error',
      'regexp/no-super-linear-move': 'error',
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        fetch: 'readonly',
        performance: 'readonly',
        document: 'readonly',
      },
    },
  },
  ...roomRules,
);
