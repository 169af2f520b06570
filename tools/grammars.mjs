// The tree-sitter grammars that ship, in WebAssembly, and the packages they come from: Microsoft's
// collection, which VS Code itself uses, and the grammar's own package for what that one lacks.
import * as fs from 'node:fs';
import * as path from 'node:path';

const modules = path.resolve(import.meta.dirname, '../node_modules');
const collection = '@vscode/tree-sitter-wasm/wasm';

const folders = {
  'web-tree-sitter.wasm': 'web-tree-sitter',
  'tree-sitter-bash.wasm': collection,
  'tree-sitter-c.wasm': 'tree-sitter-c',
  'tree-sitter-cpp.wasm': collection,
  'tree-sitter-go.wasm': collection,
  'tree-sitter-java.wasm': collection,
  'tree-sitter-javascript.wasm': collection,
  'tree-sitter-json.wasm': 'tree-sitter-json',
  'tree-sitter-python.wasm': collection,
  'tree-sitter-rust.wasm': collection,
  'tree-sitter-tsx.wasm': collection,
  'tree-sitter-typescript.wasm': collection,
  'tree-sitter-yaml.wasm': '@tree-sitter-grammars/tree-sitter-yaml',
};

/** The packages that they come from. */
export const grammarPackages = [
  ...new Set(Object.values(folders).map((folder) => folder.replace(/\/wasm$/, ''))),
];

/** The bytes of a grammar or of the runtime, as installed. @param {string} name */
export function readGrammar(name) {
  const folder = folders[/** @type {keyof typeof folders} */ (name)];
  return fs.promises.readFile(path.join(modules, folder, name));
}

/** Lays all of them into a folder. @param {string} destination */
export function copyGrammars(destination) {
  fs.mkdirSync(destination, { recursive: true });
  for (const [name, folder] of Object.entries(folders))
    fs.copyFileSync(path.join(modules, folder, name), path.join(destination, name));
}
