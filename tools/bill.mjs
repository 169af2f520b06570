// What other people's work is in the package: a bill of materials in CycloneDX's form and the texts of
// the licences. Made from what the bundler took in and from the packages that ship beside the bundle.
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { grammarPackages } from './grammars.mjs';

const root = path.resolve(import.meta.dirname, '..');

/** Packages that lie beside the bundle, see .vscodeignore. */
const beside = [
  'onnxruntime-node',
  'onnxruntime-common',
  'sqlite3',
  'bindings',
  'file-uri-to-path',
];

/**
 * Folders of the packages that a bundle was made of, by its metafile, and of those beside it.
 * @param {readonly string[]} inputs
 */
export function packageFolders(inputs) {
  const bundled = inputs.flatMap(
    (input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0] ?? [],
  );
  const others = [...beside, ...grammarPackages].map((name) => `node_modules/${name}`);
  return [...new Set([...bundled, ...others])].sort();
}

/** @param {string} folder of a package, from the root of the repository */
export function component(folder) {
  const place = path.join(root, folder);
  const { name, version, license } = JSON.parse(
    fs.readFileSync(path.join(place, 'package.json'), 'utf8'),
  );
  const file = fs.readdirSync(place).find((each) => /^(?:licen[cs]e|copying)/i.test(each));
  const text = file === undefined ? '' : fs.readFileSync(path.join(place, file), 'utf8').trim();
  return { name, version, licence: String(license ?? ''), text: text || textOf(name) };
}

/** Packages of which the repository alone holds the text. @param {string} name */
function textOf(name) {
  if (!name.startsWith('onnxruntime-')) return '';
  return `MIT License\n\nCopyright (c) Microsoft Corporation\n\n${mit}`;
}

const mit = `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.`;

/** @typedef {ReturnType<typeof component>} Component */

/** @param {readonly Component[]} components @param {{ name: string, version: string }} product */
export function cycloneDx(components, { name, version }) {
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'application', name, version } },
    components: components.map((each) => {
      const purl = `pkg:npm/${each.name.replace('@', '%40')}@${each.version}`;
      const isExpression = /[ ()]/.test(each.licence);
      return {
        type: 'library',
        'bom-ref': purl,
        name: each.name,
        version: each.version,
        purl,
        licenses: [isExpression ? { expression: each.licence } : { license: { id: each.licence } }],
      };
    }),
  };
}

/** Each text once, under the names of all packages that have it. @param {readonly Component[]} components */
export function licenceTexts(components) {
  /** @type {Map<string, { names: string[], text: string }>} */
  const byText = new Map();
  for (const { name, version, licence, text } of components) {
    const key = createHash('sha256')
      .update(text || licence)
      .digest('hex');
    const group = byText.get(key) ?? { names: [], text: text || `Licensed under ${licence}.` };
    group.names.push(`${name} ${version} (${licence})`);
    byText.set(key, group);
  }
  const line = '-'.repeat(80);
  return [...byText.values()]
    .map(({ names, text }) => `${line}\n${names.join('\n')}\n\n${text}\n`)
    .join('\n');
}

/** @param {readonly string[]} inputs @param {string} destination */
export function writeBill(inputs, destination) {
  // A package may lie in several places.
  const found = packageFolders(inputs).map(component);
  const components = [
    ...new Map(found.map((each) => [`${each.name}@${each.version}`, each])).values(),
  ];
  const product = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  const bill = `${JSON.stringify(cycloneDx(components, product), null, 2)}\n`;
  fs.writeFileSync(path.join(destination, 'sbom.cdx.json'), bill);
  fs.writeFileSync(path.join(destination, 'LICENSES.txt'), licenceTexts(components));
}
