/**
 * What passwords and keys look like in source text, beyond what secretlint's preset knows: generic
 * assignments, token formats the preset lacks, and secrets that are only half typed. When in doubt
 * a pattern takes too much: a masked word costs a training row, a stored password costs a password.
 * Every quantifier is bounded, so that no text makes a pattern slow.
 */
import { knownToken } from './tokenFormats';

export interface SecretPattern {
  /** Stands in the mark, as in `<secret:password>`. */
  readonly name: string;
  /**
   * Global. The group `value` is what gets masked, or the whole match where there is none; a group
   * `name` goes before the name above.
   */
  readonly pattern: RegExp;
  /** Says that a found value is none after all. */
  readonly isHarmless?: (value: string) => boolean;
}

const isInterpolated = (value: string) =>
  /^(?:\$\{[^}]*\}|\$\([^)]*\)|\{\{[^}]*\}\}|\{[\w.]*\}|%\w*%|\$\w+|<[^>]*>|\*+|x+|\.+)$/i.test(
    value,
  );

const isProperty = (value: string) => /^[\w$]+(?:\??\.[\w$]+)+;?$/.test(value);

/** `value`, `request.body.password`: code that names a password without holding one. */
const isCode = (value: string) =>
  isInterpolated(value) || isProperty(value) || /^[a-z_$]+;?$/i.test(value);

/** What stands after `password:` in declarations. */
const isType = (value: string) =>
  isInterpolated(value) ||
  isProperty(value) ||
  /^(?:str|string|text|any|unknown|null|nil|none|undefined|true|false|bool|boolean|number|int|integer|bytes|object|required|optional|password|passwd|pwd)\??$/i.test(
    value,
  );

/** Short words and plain words are kinds and names (`token: "identifier"`), not keys. */
const isWord = (value: string) =>
  isInterpolated(value) || value.length < 8 || (value.length < 20 && !/\d/.test(value));

const passwordWord = String.raw`(?:pass(?:word|wd|phrase|code)|pwd)`;
const keyWord = String.raw`(?:secret|token|credential|api[_-]?key|(?:access|private|auth|account|encryption|signing)[_-]?key|bearer)`;
/** What may stand between a name and its quoted value: `"]: `, ` = `, `: string = `, ` => `. */
const assigns = String.raw`["'\`\]]{0,2}\s{0,8}(?::\s{0,8}\w{1,20}\s{0,8})?(?:=>|:=|={1,3}|!={1,2}|[:,(]|\s)\s{0,8}`;
const quoted = String.raw`(?:[rbfu@$]{0,2})(?<quote>["'\`])(?<value>(?:(?!\k<quote>)[^\n\r]){3,512})`;

export const secretPatterns: readonly SecretPattern[] = [
  // The end may be missing: a block that is still being typed, or cut off by the window.
  {
    name: 'private-key',
    pattern:
      /-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?<value>(?:<secret:private-key>|(?!-----END)[\w+/=\s\\"',;:.-]){1,20000})/g,
    isHarmless: (value) => !/(?=[A-Za-z+/]{0,15}\d)[A-Za-z0-9+/=]{16}/.test(value),
  },
  { name: 'jwt', pattern: /\beyJ[\w-]{8,2000}\.[\w-]{4,8000}(?:\.[\w-]{0,2000})?/g },
  {
    name: 'aws-access-key-id',
    pattern: /\b(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA|ANVA)[A-Z0-9]{12,20}\b/g,
  },
  { name: 'google-api-key', pattern: /\bAIza[\w-]{30,45}/g },
  { name: 'google-oauth', pattern: /\b(?:GOCSPX-[\w-]{20,40}|ya29\.[\w-]{20,400})/g },
  { name: 'stripe-key', pattern: /\b[srp]k_(?:live|test)_\w{10,200}/g },
  { name: 'github-token', pattern: /\b(?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{30,255}/g },
  { name: 'gitlab-token', pattern: /\bgl(?:pat|dt|rt|ptt|ft|cbt)-[\w-]{18,100}/g },
  { name: 'hugging-face-token', pattern: /\bhf_[A-Za-z0-9]{20,60}/g },
  { name: 'pypi-token', pattern: /\bpypi-[\w-]{16,300}/g },
  { name: 'npm-token', pattern: /_auth(?:Token|)\s{0,4}=\s{0,4}(?<value>[^\s$"']{8,200})/g },
  { name: 'docker-token', pattern: /\bdckr_(?:pat|oat)_[\w-]{16,100}/g },
  { name: 'digitalocean-token', pattern: /\bdo[opr]_v1_[a-f0-9]{40,80}/g },
  { name: 'telegram-token', pattern: /\b\d{8,10}:AA[\w-]{30,40}/g },
  { name: 'token', pattern: knownToken },
  { name: 'api-key', pattern: /\bsk-[\w-]{20,300}/g, isHarmless: (value) => !/\d/.test(value) },
  // `scheme://user:password@host`, of any scheme.
  {
    name: 'password',
    pattern: /\b[a-z][a-z0-9+.-]{1,24}:\/\/[^\s:/@"'`]{0,100}:(?<value>[^\s@"'`]{1,200})@/gi,
    // `host:8080/path@2` has a port there, and no password.
    isHarmless: (value) => isInterpolated(value) || /^\d{1,5}\//.test(value),
  },
  // A password in parts: `password = "one" + "two"`.
  {
    name: 'password',
    pattern: new RegExp(
      String.raw`${passwordWord}[\w-]{0,24}${assigns}(?<value>(?:"[^"\n]{1,200}"|'[^'\n]{1,200}')(?:\s{0,4}[+.]?\s{0,4}(?:"[^"\n]{1,200}"|'[^'\n]{1,200}')){1,8})`,
      'gi',
    ),
  },
  // `<password>…</password>`, `key="DbPassword" value="…"`.
  {
    name: 'password',
    pattern: new RegExp(
      String.raw`<[\w:.-]{0,40}${passwordWord}[\w.-]{0,20}(?:\s[^<>\n]{0,100})?>(?<value>[^<>\n]{1,200})</`,
      'gi',
    ),
    isHarmless: isInterpolated,
  },
  {
    name: 'password',
    pattern: new RegExp(
      String.raw`["'][\w:.-]{0,40}${passwordWord}["']\s{1,4}value=["'](?<value>[^"'\n]{1,200})`,
      'gi',
    ),
    isHarmless: isInterpolated,
  },
  // `machine example.org login ann password …` of a netrc file, `ENV MYSQL_ROOT_PASSWORD …`.
  {
    name: 'password',
    pattern: /\blogin\s{1,8}\S{1,100}\s{1,8}password\s{1,8}(?<value>\S{1,200})/g,
    isHarmless: isInterpolated,
  },
  {
    name: 'password',
    pattern: new RegExp(
      String.raw`^[ \t]{0,8}(?:ENV|ARG)[ \t]{1,4}[\w-]{0,40}${passwordWord}\w{0,20}[ \t]{1,4}(?<value>\S{1,200})`,
      'gim',
    ),
    isHarmless: isInterpolated,
  },
  // `db_pass = …`, `ansible_ssh_pass: …`, `$dbpass = '…'`, `pass: …`.
  {
    name: 'password',
    pattern:
      /(?:^|[\s$._-]|db|ssh)pass["']?[ \t]{0,4}(?::[ \t]|=>?)[ \t]{0,4}["']?(?<value>[^\s"'`(,;|>]{4,200})/gim,
    isHarmless: isType,
  },
  // `sshpass -p …`, `mysql -u ann -p…`, `curl -u ann:…`.
  {
    name: 'password',
    pattern: /\bsshpass\s{1,4}-p\s{0,4}["']?(?<value>[^\s"']{1,200})/g,
    isHarmless: isInterpolated,
  },
  {
    name: 'password',
    pattern: /\bmysql(?:dump|admin)?\b[^\n|;]{0,200}?\s-p(?<value>[^\s"'-][^\s"']{0,200})/g,
    isHarmless: isInterpolated,
  },
  {
    name: 'password',
    pattern:
      /\bcurl\b[^\n|;]{0,300}?\s(?:-u|--user)[ =]{1,4}["']?[^\s:"']{1,100}:(?<value>[^\s"']{1,200})/g,
    isHarmless: isInterpolated,
  },
  // What a Kubernetes secret holds.
  {
    name: 'key',
    pattern:
      /(?<=^kind:[ \t]{0,4}["']?Secret\b[^]{0,2000}^[ \t]{1,8}[\w.-]{1,100}:[ \t]{1,4}["']?)(?<value>[A-Za-z0-9+/]{8,4000}={0,2})(?=["']?[ \t]*$)/gim,
    isHarmless: (value) => /^[a-z]+$/i.test(value),
  },
  // `Server=...;Password=...;` and `?api_key=...&token=...`.
  {
    name: 'password',
    pattern: new RegExp(
      String.raw`[;"'?&]\s{0,4}${passwordWord}=(?<value>[^\s;&"'\`]{1,200})`,
      'gi',
    ),
    isHarmless: isInterpolated,
  },
  {
    name: 'key',
    pattern: new RegExp(
      String.raw`[;?&](?:${keyWord}|sig|access_token|SharedAccess\w{0,12})=(?<value>[^\s;&"'\`]{4,400})`,
      'gi',
    ),
    isHarmless: isInterpolated,
  },
  {
    name: 'bearer-token',
    pattern: /\b(?:bearer|basic)\s{1,4}(?<value>[\w+/.~-]{8,2000}={0,2})/gi,
    isHarmless: isWord,
  },
  {
    name: 'password',
    pattern: new RegExp(
      String.raw`--?${passwordWord}(?:=|\s)\s{0,4}(?<value>[^\s"'\`]{3,200})`,
      'gi',
    ),
    isHarmless: isCode,
  },
  // `password = "..."`, `'password': '...'`, `PASSWORD '...'`, `password: string = "..."`.
  {
    name: 'password',
    pattern: new RegExp(String.raw`${passwordWord}[\w-]{0,24}${assigns}${quoted}`, 'gi'),
    isHarmless: isInterpolated,
  },
  {
    name: 'key',
    pattern: new RegExp(String.raw`${keyWord}[\w-]{0,24}${assigns}${quoted}`, 'gi'),
    isHarmless: isWord,
  },
  // Lines of `.env`, `.ini` and YAML files, which quote nothing.
  {
    name: 'password',
    pattern: lineOf(passwordWord, '=', String.raw`[^\s"'\`(,;]{1,200}`),
    isHarmless: isInterpolated,
  },
  {
    name: 'password',
    pattern: lineOf(passwordWord, String.raw`:[ \t]{1,8}`, String.raw`[^\s"'\`(,;|>]{1,200}`),
    isHarmless: isType,
  },
  {
    name: 'password',
    pattern: lineOf(passwordWord, String.raw`[ \t]{1,8}=[ \t]{1,8}`, String.raw`[^\s"'\`(]{3,200}`),
    isHarmless: isCode,
  },
  {
    name: 'key',
    pattern: lineOf(keyWord, String.raw`[ \t]{0,8}[:=][ \t]{0,8}`, String.raw`[^\s"'\`(]{12,400}`),
    isHarmless: (value) => isCode(value) || isWord(value) || /^[\d._]+,?$/.test(value),
  },
  // The cursor may stand in the middle of a token: its beginning alone gives no full match.
  {
    name: 'token',
    pattern:
      /\b(?:gh[pousr]_|github_pat_|sk-|xox[abeopr]-|npm_|glpat-|hf_|AKIA|AIza|pypi-|eyJ)(?=[\w-]{0,60}\d)[\w-]{6,300}$/g,
  },
  // What directly follows a mark is the rest of the secret, typed after its beginning was masked.
  { name: 'rest', pattern: /<secret:(?<name>[a-z0-9-]{1,40})>(?:(?!-----)[\w+/=.~-]){1,400}/g },
];

/** A whole line that gives `word` an unquoted value. */
function lineOf(word: string, sign: string, value: string): RegExp {
  return new RegExp(
    String.raw`^[ \t]{0,40}(?:export |- )?[\w.-]{0,64}${word}[\w.-]{0,32}${sign}(?<value>${value})[ \t]{0,8}$`,
    'gim',
  );
}
