/**
 * What the names that a file imports stand for: its import statements, the file that each means, and
 * the head of the declaration there. By regular expressions, for TypeScript, JavaScript and Python;
 * it follows no re-export and knows no package, which the language server does better.
 */

/** Names taken from one module. */
export interface Import {
  readonly specifier: string;
  readonly names: readonly string[];
}

const scriptImport =
  /^[ \t]*(?:import|export)\s+(?:type\s+)?([\w$]+\s*,\s*)?(?:\{([^{}]{0,4000})\}|[\w$*]+(?:\s+as\s+[\w$]+)?)\s*from\s*['"]([^'"\n]+)['"]/gm;
const pythonImport =
  /^[ \t]*from[ \t]+([\w.]+)[ \t]+import[ \t]+(?:\(([^()]{0,4000})\)|([^\s#(][^\n#]*))/gm;

/** The imports of a file that name what they take. */
export function importsOf(text: string, languageId: string): readonly Import[] {
  if (languageId === 'python') {
    return [...text.matchAll(pythonImport)].map(([, specifier = '', list, rest]) => ({
      specifier,
      names: namesIn(list ?? rest ?? ''),
    }));
  }
  return [...text.matchAll(scriptImport)].map(([, main = '', list = '', specifier = '']) => ({
    specifier,
    names: namesIn(`${main},${list}`),
  }));
}

/** Paths that a specifier may mean in the file at `path`, the likeliest first. */
export function pathsOf(specifier: string, path: string): readonly string[] {
  const folder = path.split('/').slice(0, -1);
  if (/^\.\.?(?:\/|$)/.test(specifier)) {
    const whole = joined(folder, specifier.split('/'));
    const base = whole.replace(/\.(?:[cm]?js|jsx)$/, '');
    return scriptEndings.map((ending) => base + ending);
  }
  const dots = /^\.*/.exec(specifier)?.[0].length ?? 0;
  const from = dots === 0 ? [] : folder.slice(0, folder.length - (dots - 1));
  const base = joined(from, specifier.slice(dots).split('.'));
  return [`${base}.py`, `${base}/__init__.py`];
}

const scriptEndings = ['.ts', '.tsx', '/index.ts', '.js', '.jsx', '/index.js', '.mts', '.mjs', ''];

/** Lines of a declaration that are told at most. */
const maxDeclarationLines = 12;
/** Characters of one line. */
const maxLineCharacters = 160;

/**
 * The head of the declaration of `name` in `text`: up to the line on which a body begins, or, of a
 * type, to its end. Undefined where it is not declared there.
 */
export function declarationOf(name: string, text: string, languageId: string): string | undefined {
  const escaped = name.replaceAll('$', '\\$');
  const isPython = languageId === 'python';
  const pattern = isPython
    ? new RegExp(`^(?:async\\s+)?(?:def|class)\\s+${escaped}\\b|^${escaped}\\s*[:=]`, 'm')
    : new RegExp(
        `^(?:export\\s+)?(?:default\\s+)?(?:declare\\s+)?(?:async\\s+)?(?:abstract\\s+)?(?:function\\*?|class|interface|type|enum|const|let|var)\\s+${escaped}(?![\\w$])`,
        'm',
      );
  const start = pattern.exec(text)?.index;
  if (start === undefined) return undefined;
  const lines = text.slice(start, start + maxDeclarationLines * maxLineCharacters).split(/\r?\n/);
  const isType =
    !isPython && /^(?:export\s+)?(?:declare\s+)?(?:interface|type|enum)\b/.test(lines[0] ?? '');
  const taken: string[] = [];
  for (const line of lines.slice(0, maxDeclarationLines)) {
    // What stands at the margin again belongs to the next declaration, if it opens one.
    if (taken.length > 0 && /^[\w@/'"]/.test(line)) break;
    if (taken.length > 0 && line.trim() === '') break;
    taken.push(line.slice(0, maxLineCharacters).trimEnd());
    if (!isType && (isPython ? /:\s*(?:#.*)?$/ : /(?:\{|=>|;)$/).test(line.trimEnd())) break;
    if (isType && /^\}|;$/.test(line) && /^\}/.test(line)) break;
  }
  return taken.join('\n');
}

/** The path of `parts`, some of them `.` or `..`, from `folder` on. */
export function joined(folder: readonly string[], parts: readonly string[]): string {
  const path = [...folder];
  for (const part of parts) {
    if (part === '..') path.pop();
    else if (part !== '.' && part !== '') path.push(part);
  }
  return path.join('/');
}

/** `A, type B, C as D` -> A, B, C: the names as they are declared. */
function namesIn(list: string): readonly string[] {
  return list
    .split(',')
    .map((item) => /^\s*(?:type\s+)?([\p{L}_$][\p{L}\p{N}_$]*)/u.exec(item)?.[1] ?? '')
    .filter((name) => name !== '');
}
