/**
 * Where names are declared and used in the tokens of TypeScript, JavaScript and Python, and whether a
 * name means anything at a place. It errs towards meaning: whatever it cannot tell is a use of a name
 * that comes from elsewhere, and such a name may be used anywhere.
 */
import { pythonKeywords, pythonRegion, pythonRole } from './pythonNames';
import { scriptKeywords, scriptRegion, scriptRole } from './scriptNames';
import { type Code, isName, type Role, type TokenLanguage } from './tokens';

interface Rules {
  readonly keywords: ReadonlySet<string>;
  readonly roleOf: (code: Code, index: number) => Role;
  /** From the first to the last token at which the name declared at a token has its meaning. */
  readonly regionOf: (code: Code, index: number) => readonly [number, number];
}

const rulesOf: Readonly<Record<TokenLanguage, Rules>> = {
  script: { keywords: scriptKeywords, roleOf: scriptRole, regionOf: scriptRegion },
  python: { keywords: pythonKeywords, roleOf: pythonRole, regionOf: pythonRegion },
};

/** Whether a word is a name that the language leaves free. */
export function isFreeWord(word: string | undefined, language: TokenLanguage): word is string {
  return isName(word) && !rulesOf[language].keywords.has(word);
}

export function roleOf(code: Code, index: number, language: TokenLanguage): Role {
  const isFree = isFreeWord(code.words[index], language);
  return isFree ? rulesOf[language].roleOf(code, index) : 'neither';
}

/** Where a name at the place `at`, the index of a token, may take its meaning from. */
export class VisibleNames {
  readonly #known = new Map<string, boolean>();

  constructor(
    private readonly code: Code,
    private readonly at: number,
    private readonly language: TokenLanguage,
  ) {}

  /**
   * Whether the name is declared where the place can see it, or is used somewhere where no
   * declaration is in sight either, so that it comes from elsewhere.
   */
  has(name: string): boolean {
    const known = this.#known.get(name) ?? this.#find(name);
    this.#known.set(name, known);
    return known;
  }

  #find(name: string): boolean {
    const { code, at, language } = this;
    const regions: (readonly [number, number])[] = [];
    const uses: number[] = [];
    let i = code.words.indexOf(name);
    for (let seen = 0; i >= 0; i = code.words.indexOf(name, i + 1)) {
      if (++seen > maxOccurrences) return true;
      const role = roleOf(code, i, language);
      if (role === 'used') uses.push(i);
      if (role !== 'declared') continue;
      const region = rulesOf[language].regionOf(code, i);
      if (contains(region, at)) return true;
      regions.push(region);
    }
    return uses.some((use) => !regions.some((region) => contains(region, use)));
  }
}

/** A name that stands in a text more often than this is not looked into. */
const maxOccurrences = 100;

function contains([from, to]: readonly [number, number], at: number): boolean {
  return at >= from && at <= to;
}
