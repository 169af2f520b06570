/**
 * Which modules a file of the workspace can import: its other files, the packages that its manifests
 * name, the aliases that a TypeScript configuration defines, and what the language brings. It reads
 * no folder of installed packages, and says no only where what it knows leaves no room for the module.
 */
import { builtinModules } from 'node:module';
import type { DocumentSnapshot } from './context';
import { isStandardModule } from './globalNames';
import { joined, pathsOf } from './imports';
import type { NeighbourFile } from './neighbours';

type PlacedFile = Pick<NeighbourFile, 'path' | 'repository' | 'text'>;
type PlacedDocument = Pick<DocumentSnapshot, 'path' | 'repository' | 'languageId'>;

/** What one repository has. */
interface Repository {
  readonly paths: Set<string>;
  /** By path. */
  readonly manifests: Map<string, Manifest>;
}

interface Manifest {
  readonly language: 'script' | 'python';
  /** The package's own name first. */
  readonly packages: readonly string[];
  /** Beginnings of specifiers that stand for something else. */
  readonly aliases: readonly string[];
  /** Whether any bare specifier may stand for a file of the repository. */
  readonly isOpen: boolean;
}

export class ModuleIndex {
  readonly #repositories = new Map<string, Repository>();
  readonly #places = new Map<string, Pick<PlacedFile, 'path' | 'repository'>>();

  update(uri: string, { path, repository, text }: PlacedFile): void {
    this.remove(uri);
    this.#places.set(uri, { path, repository });
    const known = this.#repositories.get(repository) ?? {
      paths: new Set(),
      manifests: new Map<string, Manifest>(),
    };
    this.#repositories.set(repository, known);
    known.paths.add(path);
    const manifest = manifestOf(path, text);
    if (manifest !== undefined) known.manifests.set(path, manifest);
  }

  remove(uri: string): void {
    const place = this.#places.get(uri);
    if (place === undefined) return;
    this.#places.delete(uri);
    const known = this.#repositories.get(place.repository);
    known?.paths.delete(place.path);
    known?.manifests.delete(place.path);
  }

  /**
   * Whether the document could import the module; true where that is not known.
   * @param isUsed whether another file imports from the same package
   */
  mayExist(specifier: string, document: PlacedDocument, isUsed: boolean): boolean {
    const known = this.#repositories.get(document.repository);
    if (known === undefined || document.repository === '' || known.paths.size < minFiles)
      return true;
    if (document.languageId === 'python') return mayBePython(specifier, document, known, isUsed);
    if (/^\.\.?(?:\/|$)/.test(specifier)) return isFile(specifier, document, known);
    return isUsed || mayBePackage(specifier, document, known);
  }
}

/** With fewer files, the workspace is still being read, or is none. */
const minFiles = 3;

/** What is no code may not be among the files that are known. */
const asset =
  /\.(?:json|jsonc|json5|css|scss|sass|less|svg|png|jpe?g|gif|webp|html?|txt|mdx?|node|wasm|gql|graphql|glsl|vue|svelte|astro|ya?ml|toml)(?:\?\w+)?$/;
/** Folders that programs write. */
const built =
  /(?:^|\/)(?:dist|build|out|lib|gen|generated|__generated__|node_modules|\.\w+)(?:\/|$)/;
const moreEndings = ['.d.ts', '.cts', '.cjs', '.d.mts', '/index.tsx', '/index.jsx', '/index.mjs'];

function isFile(specifier: string, { path }: PlacedDocument, { paths }: Repository): boolean {
  const depth = path.split('/').length - 1;
  const up = specifier.split('/').filter((part) => part === '..').length;
  if (asset.test(specifier) || up > depth) return true;
  const candidates = pathsOf(specifier, path);
  const base = candidates.at(-1) ?? '';
  if (built.test(base)) return true;
  return (
    candidates.some((each) => paths.has(each)) ||
    moreEndings.some((ending) => paths.has(base + ending)) ||
    // The extension that is written may be that of what is built: `.mjs` of `.mts`.
    paths.has(base.replace(/js$/, 'ts')) ||
    paths.has(base)
  );
}

const builtins: ReadonlySet<string> = new Set([
  ...builtinModules,
  // Only with `node:`, and not in every list.
  ...['test', 'test/reporters', 'sqlite', 'sea'],
]);

function mayBePackage(specifier: string, { path }: PlacedDocument, known: Repository): boolean {
  const [first = '', second = ''] = specifier.split('/');
  const isNode = specifier.startsWith('node:');
  if (builtins.has(isNode ? specifier.slice(5) : first)) return true;
  if (isNode) return false;
  // Addresses, and what bundlers resolve by rules of their own.
  if (/:|^[#~$/]|^@\/|^@$/.test(specifier)) return true;
  const name = first.startsWith('@') ? `${first}/${second}` : first;
  const typesName = `@types/${name.replace(/^@/, '').replace('/', '__')}`;
  const manifests = [...known.manifests].filter(([, { language }]) => language === 'script');
  const isPackage = ([at]: readonly [string, Manifest]) => /(?:^|\/)package\.json$/.test(at);
  const around = manifests.filter((each) => isPackage(each) && isAround(each[0], path));
  if (around.length === 0) return true;
  return (
    around.some(([, { packages }]) => packages.includes(name) || packages.includes(typesName)) ||
    manifests.some(
      ([, { packages, aliases, isOpen }]) =>
        isOpen || packages[0] === name || aliases.some((alias) => specifier.startsWith(alias)),
    )
  );
}

function isAround(manifest: string, path: string): boolean {
  return path.startsWith(manifest.slice(0, manifest.lastIndexOf('/') + 1));
}

function mayBePython(
  specifier: string,
  { path }: PlacedDocument,
  { paths, manifests }: Repository,
  isUsed: boolean,
): boolean {
  const dots = /^\.*/.exec(specifier)?.[0].length ?? 0;
  const rest = specifier.slice(dots).split('.').join('/');
  if (rest === '') return true;
  if (dots > 0) {
    const folder = path.split('/').slice(0, -1);
    if (dots - 1 > folder.length) return true;
    const base = joined(folder.slice(0, folder.length - (dots - 1)), rest.split('/'));
    return hasModule(paths, (each) => each === base);
  }
  const first = rest.split('/')[0] ?? '';
  if (isStandardModule(first)) return true;
  const endsWith = (wanted: string) => (each: string) =>
    each === wanted || each.endsWith(`/${wanted}`);
  if (hasModule(paths, endsWith(first))) return hasModule(paths, endsWith(rest)) || isUsed;
  const named = [...manifests.values()].filter(({ language }) => language === 'python');
  if (isUsed || named.length === 0) return true;
  const wanted = plain(distributions.get(first) ?? first);
  return named.some(({ packages }) =>
    packages.some((each) => each.includes(wanted) || (each.length > 2 && wanted.includes(each))),
  );
}

/** Whether there is a module, or a folder of modules, whose path without ending is such a one. */
function hasModule(paths: ReadonlySet<string>, isIt: (module: string) => boolean): boolean {
  for (const path of paths) {
    if (!/\.pyi?$/.test(path)) continue;
    const module = path.replace(/\.pyi?$/, '');
    if (isIt(module)) return true;
    for (let end = module.lastIndexOf('/'); end > 0; end = module.lastIndexOf('/', end - 1))
      if (isIt(module.slice(0, end))) return true;
  }
  return false;
}

/** Packages of Python whose module has quite another name. */
const distributions: ReadonlyMap<string, string> = new Map([
  ['attr', 'attrs'],
  ['bs4', 'beautifulsoup4'],
  ['cv2', 'opencv'],
  ['Crypto', 'pycryptodome'],
  ['dateutil', 'python-dateutil'],
  ['dotenv', 'python-dotenv'],
  ['fitz', 'pymupdf'],
  ['git', 'gitpython'],
  ['jose', 'python-jose'],
  ['MySQLdb', 'mysqlclient'],
  ['PIL', 'pillow'],
  ['psycopg2', 'psycopg2-binary'],
  ['pkg_resources', 'setuptools'],
  ['serial', 'pyserial'],
  ['skimage', 'scikit-image'],
  ['sklearn', 'scikit-learn'],
  ['usb', 'pyusb'],
  ['zmq', 'pyzmq'],
]);

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_.]/g, '');
}

/** A longer manifest is not read. */
const maxManifest = 200_000;

function manifestOf(path: string, text: string): Manifest | undefined {
  const file = path.slice(path.lastIndexOf('/') + 1);
  if (text.length > maxManifest) return undefined;
  if (file === 'package.json') return packageManifest(text);
  if (/^(?:[tj]sconfig.*|deno)\.jsonc?$/.test(file)) return configuration(file, text);
  if (file === 'pyproject.toml' && /^[ \t]*dependencies[ \t]*=|^\[tool\.poetry\.dep/m.test(text))
    return {
      language: 'python',
      packages: (text.match(/[A-Za-z][\w.-]*/g) ?? []).map(plain),
      ...{ aliases: [], isOpen: false },
    };
  return undefined;
}

const dependencyFields = [
  'dependencies',
  'devDependencies',
  'peerDependencies',
  'optionalDependencies',
] as const;

function packageManifest(text: string): Manifest | undefined {
  const read = objectIn(text);
  if (read === undefined) return undefined;
  const name = typeof read['name'] === 'string' ? read['name'] : '';
  const dependencies = dependencyFields.flatMap((field) => namesIn(read[field]));
  return { language: 'script', packages: [name, ...dependencies], aliases: [], isOpen: false };
}

/** By regular expressions, since such a file may hold comments. */
function configuration(file: string, text: string): Manifest {
  const paths = /"paths"\s*:\s*\{([^}]*)\}/.exec(text)?.[1] ?? '';
  const aliases = [...paths.matchAll(/"([^"*]+)\*?"\s*:/g)].map(([, alias = '']) => alias);
  const isOpen = file.startsWith('deno') || /"baseUrl"/.test(text) || /"\*"\s*:/.test(paths);
  return { language: 'script', packages: [], aliases, isOpen };
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const read: unknown = JSON.parse(text);
    return isObject(read) ? read : undefined;
  } catch {
    // Half-written: what it names is not known.
    return undefined;
  }
}

function namesIn(field: unknown): readonly string[] {
  return isObject(field) ? Object.keys(field) : [];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
