import fc from 'fast-check';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { maskSecrets } from '../../../src/store/secrets';
import type { Suggestion } from '../../../src/types';
import { sampleCandidate, sampleSuggestion } from '../../helpers/sampleEvents';
import { openStoreForTests, readAll } from '../../helpers/storeForTests';

// Put together from halves, so that this file itself holds nothing that a scanner reports.
const github = 'ghp_' + 'wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx';
const aws = 'wJalrXUtnFEMI/K7MDENG' + '/bPxRfiCYzZz9xYwVuT';
const jwt = 'eyJhbGciOiJIUzI1NiJ9' + '.eyJzdWIiOiIxMjM0NTY3ODkwIn0' + '.dozjgNryP4J3jVmNHl0w5N';
const pemHead = '-----BEGIN RSA PRIVATE' + ' KEY-----';
const pemTail = '-----END RSA PRIVATE' + ' KEY-----';
const pemBody = 'MIIEowIBAAKCAQEA7y1z3bPq\nJk9sX2mQ0vTtYyL5uV8wZ1aB+cD/eF=';

async function check(text: string, masked: string): Promise<void> {
  expect(await maskSecrets(text)).toBe(masked);
}

describe('a secret is masked, and only it', () => {
  test.each([
    [`const t = '${github}';`, `const t = '<secret:github-token>';`],
    [`aws_secret_access_key = ${aws}`, 'aws_secret_access_key = <secret:aws-secret-access-key>'],
    ['id: AKIA' + 'Z7QRSTUVWX2345AB', 'id: <secret:aws-access-key-id>'],
    [`fetch(url, "${jwt}")`, 'fetch(url, "<secret:jwt>")'],
    [
      `x = """\n${pemHead}\n${pemBody}\n${pemTail}\n"""`,
      `x = """\n${pemHead}<secret:private-key>${pemTail}\n"""`,
    ],
    [`const password = "hunter2!";`, `const password = "<secret:password>";`],
    [`db_password: 'it s long'`, `db_password: '<secret:password>'`],
    [`{"userPassword": "abc123"}`, `{"userPassword": "<secret:password>"}`],
    [`let pwd: string = 'qwertz'`, `let pwd: string = '<secret:password>'`],
    [`if (password === 'letmein') {`, `if (password === '<secret:password>') {`],
    [`API_KEY = "a8f5f167f44f4964"`, `API_KEY = "<secret:key>"`],
    [`apiKey: 'k3y-9f8e7d6c5b4a',`, `apiKey: '<secret:key>',`],
    [`clientSecret => "zZ9-yY8-xX7-wW6"`, `clientSecret => "<secret:key>"`],
    ['DB_PASSWORD=s3cr3t!\nPORT=80', 'DB_PASSWORD=<secret:password>\nPORT=80'],
    ['  password: hunter2', '  password: <secret:password>'],
    ['password: letmein', 'password: <secret:password>'],
    ['db.password=letmein', 'db.password=<secret:password>'],
    ['export AUTH_TOKEN=9f8e7d6c5b4a3210', 'export AUTH_TOKEN=<secret:key>'],
    ['redis://:p4ssw0rd@cache:6379/0', 'redis://:<secret:password>@cache:6379/0'],
    ['amqp://bob:p4ss@mq/', 'amqp://bob:<secret:password>@mq/'],
    [
      '"Server=db;User Id=sa;Password=hunter2;"',
      '"Server=db;User Id=sa;Password=<secret:password>;"',
    ],
    ['GET /v1?api_key=9f8e7d6c&x=1', 'GET /v1?api_key=<secret:key>&x=1'],
    ['Authorization: Bearer 9f8e7d6c5b4a3210', 'Authorization: Bearer <secret:bearer-token>'],
    ['mysql --password hunter2 -h db', 'mysql --password <secret:password> -h db'],
    ['hf_' + 'AbCdEfGhIjKlMnOpQrStUv', '<secret:hugging-face-token>'],
    ['glpat-' + 'x9Y8z7W6v5U4t3S2r1Q0', '<secret:gitlab-token>'],
    ['sk-' + 'a1b2c3d4e5f6g7h8i9j0k1', '<secret:api-key>'],
  ])('%s', async (text, masked) => {
    await check(text, masked);
    await check(masked, masked);
  });
});

describe('code that only speaks of secrets stays as it is', () => {
  test.each([
    'const password = await readPassword();',
    'password: string;',
    '  password: string',
    '  password: values.password,',
    'password = value',
    'interface Login { user: string; password: string }',
    'const token = tokens[index];',
    'token: "identifier"',
    'const apiKey = process.env.API_KEY ?? fail();',
    'max_tokens: 4096',
    'password = request.body.password',
    'PASSWORD=${DB_PASSWORD}',
    "password: '${secret}'",
    'postgres://${user}:${password}@localhost/db',
    'http://localhost:8080/@scope/pkg',
    'this.secretKeeper.open(door);',
    '<div class="sk-fading-circle-element">',
    '',
  ])('%s', (text) => check(text, text));

  test('the records of Hone', async () => {
    const text = await readFile(new URL('../../../src/types.ts', import.meta.url), 'utf8');
    await check(text, text);
  });
});

describe('masking', () => {
  test('a comment in the text does not switch it off', async () => {
    await check(
      `// secretlint-disable\nt = "${github}"`,
      '// secretlint-disable\nt = "<secret:github-token>"',
    );
  });

  test('lets no token through, whatever stands around it', async () => {
    const piece = fc.constantFrom(
      ...[pemHead, pemTail, 'password = "', "token: '", 'sk-', '"', "'", '\n', ' ', '=', '://u:'],
      ...['@h/', 'secret', '<secret:password>', '${', '}', '`', '(', ';', 'x'.repeat(30)],
    );
    const pieces = fc.array(piece, { maxLength: 8 }).map((list) => list.join(''));
    await fc.assert(
      fc.asyncProperty(
        pieces,
        fc.constantFrom(github, jwt),
        pieces,
        async (before, token, after) => {
          expect(await maskSecrets(`${before} ${token} ${after}`)).not.toContain(token.slice(8));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('gives way to other work on a text of any length', async () => {
    // Counts turns of the event loop instead of time: a text this long takes many slices.
    let turns = 0;
    let isDone = false;
    const count = () => {
      turns++;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    await maskSecrets(
      `const value = items[index] ?? fallback; // ${'plain words '.repeat(3)}\n`.repeat(8_000),
    );
    isDone = true;
    expect(turns).toBeGreaterThan(2);
  });
});

describe('in its place', () => {
  const around = (prefix: string, suffix: string, texts: readonly string[]): Suggestion =>
    sampleSuggestion(0, {
      context: { ...sampleSuggestion(0).context, prefix, suffix },
      candidates: texts.map(sampleCandidate),
    });

  async function store(suggestion: Suggestion, settled?: string) {
    const { store } = await openStoreForTests();
    await store.record({ kind: 'suggestion', suggestion });
    if (settled !== undefined) {
      const suggestionId = suggestion.id;
      await store.record({ kind: 'settled', suggestionId, text: settled, timeMs: 1 });
    }
    const [stored] = await readAll(store);
    return {
      prefix: stored?.suggestion.context.prefix,
      suffix: stored?.suggestion.context.suffix,
      candidates: stored?.suggestion.candidates.map(({ text, tokenIds }) => [
        text,
        tokenIds.length,
      ]),
      settled: stored?.settled?.text,
    };
  }

  test('a candidate and a settled text that only the prefix makes a secret are masked', async () => {
    const suggestion = around('const password = "', '";', ['hunter22', 'x']);
    expect(await store(suggestion, 'hunter23')).toEqual({
      prefix: 'const password = "',
      suffix: '";',
      // The token ids would spell it.
      candidates: [
        ['<secret:password>', 0],
        ['x', 1],
      ],
      settled: '<secret:password>',
    });
  });

  test('a token cut in two by the cursor is masked on both sides and in what settles', async () => {
    const [head, tail] = [github.slice(0, 16), github.slice(16)];
    expect(await store(around(`t = "${head}`, '"', [tail]), tail)).toEqual({
      prefix: 't = "<secret:github-token>',
      suffix: '"',
      candidates: [['<secret:github-token>', 0]],
      settled: '<secret:github-token>',
    });
    expect(await store(around(`t = "${head}`, `${tail}"`, []))).toMatchObject({
      prefix: 't = "<secret:github-token>',
      suffix: '<secret:github-token>"',
    });
  });

  test('a key block that is still open is masked to its end', async () => {
    const [head, tail] = pemBody.split('\n');
    expect(await store(around(`${pemHead}\n${head}\n`, '', [tail ?? '']), tail)).toEqual({
      prefix: `${pemHead}<secret:private-key>`,
      suffix: '',
      candidates: [['<secret:private-key>', 0]],
      settled: '<secret:private-key>',
    });
  });
});

test('no planted secret reaches the disk, not even the write-ahead log', async () => {
  const { store, file } = await openStoreForTests();
  const secrets = [github, aws, jwt, pemBody, 'hunter2!'];
  const planted = `"${github}"\naws_secret_access_key=${aws}\n${jwt}\n${pemHead}\n${pemBody}\n${pemTail}\npassword = "hunter2!"\n`;
  const suggestion = sampleSuggestion(0, {
    documentUri: `vscode-remote://ssh/${github}`,
    context: {
      ...sampleSuggestion(0).context,
      path: github,
      snippets: [{ kind: 'similar', path: `${github}.ts`, text: planted }],
      prefix: planted,
      suffix: planted,
    },
    candidates: [sampleCandidate(planted)],
  });
  const suggestionId = suggestion.id;
  await store.record({ kind: 'suggestion', suggestion });
  await store.record({ kind: 'settled', suggestionId, text: planted, timeMs: 1 });
  const rating = { suggestionId, thumb: 'down', aspects: {}, comment: planted, timeMs: 2 } as const;
  await store.record({ kind: 'rating', ...rating });
  const tokenIds = JSON.stringify(sampleCandidate(github).tokenIds).slice(1, -1);
  const found = async () => {
    const files = await Promise.all(
      [file, `${file}-wal`].map((name) => readFile(name, 'utf8').catch(() => '')),
    );
    return [...secrets, tokenIds].filter((secret) => files.join('').includes(secret));
  };
  expect(await found()).toEqual([]);
  await store.checkpoint();
  expect(await found()).toEqual([]);
  expect((await readAll(store))[0]?.rating?.comment).toContain('<secret:github-token>');
});
