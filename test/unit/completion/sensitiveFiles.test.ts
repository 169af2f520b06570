import { describe, expect, test } from 'vitest';
import { compileGlobs, FolderRules, isSecretFile } from '../../../src/completion/sensitiveFiles';

describe('secret files', () => {
  test.each([
    '.env',
    '/home/ann/project/.env',
    'packages/api/.env.production',
    '.ENV.local',
    'prod.env',
    '.npmrc',
    'deploy/id_rsa',
    'deploy/id_ed25519.pub',
    'certs/server.pem',
    'certs/server.KEY',
    '.ssh/config',
    '/root/.aws/credentials',
    'config/credentials.yml',
    'config/secrets.json',
    'config/master.key',
    'terraform.tfstate',
    'service-account.json',
    '_netrc',
    '.env-prod',
    '.env~',
    '.dev.vars',
    '.npmrc.bak',
    '.yarnrc.yml',
    'kubeconfig',
    'config/kubeconfig.yaml',
    'secret.yaml',
    'secrets.prod.yaml',
    'k8s/db-secret.yaml',
    'prod.tfvars.json',
    'application-prod.yml',
    'appsettings.Production.json',
    'serviceAccountKey.json',
    'my-project-firebase-adminsdk-x1.json',
    'application_default_credentials.json',
    'wp-config.php',
    '.vault-token',
    '.authinfo',
    '.config/rclone/rclone.conf',
    '.m2/settings.xml',
    'krb5.keytab',
    'profile/logins.json',
    '.bash_history',
  ])('%s is one', (path) => {
    expect(isSecretFile(path)).toBe(true);
  });

  test.each([
    'src/env.ts',
    '.env.example',
    'packages/api/.env.sample',
    'src/environment.ts',
    'keyboard.ts',
    'src/key.ts',
    'src/secrets.ts',
    'docs/credentials.md',
    'monkey.py',
    'src/id_generator.ts',
    'secret_santa.py',
    'src/auth/credentials/index.ts',
    'lib/keystore.js',
    '.github/workflows/deploy.yml',
    'application.yml',
    'kube/deploy.yaml',
  ])('%s is none', (path) => {
    expect(isSecretFile(path)).toBe(false);
  });
});

describe('globs', () => {
  test('a glob without a slash matches at any depth', () => {
    const match = compileGlobs(['*.gen.ts']);
    expect(match('a.gen.ts')).toBe(true);
    expect(match('deep/down/a.gen.ts')).toBe(true);
    expect(match('a.ts')).toBe(false);
  });

  test('one of many stars hides what it names, and is soon done with what it does not', () => {
    const match = compileGlobs(['*a*a*a*a*a*a*ab']);
    expect(match('xaxaxaxaxaxaxab')).toBe(true);
    const startMs = performance.now();
    expect(match('a'.repeat(200))).toBe(false);
    expect(performance.now() - startMs).toBeLessThan(1_000);
  });

  test('files that begin with a dot are matched too', () => {
    expect(compileGlobs(['**/dist/**'])('packages/.x/dist/y.js')).toBe(true);
  });
});

describe('the rules of a folder', () => {
  /** Each line is `verdict path`. */
  function check(rules: FolderRules, expected: string): void {
    const lines = expected
      .trim()
      .split('\n')
      .map((line) => line.trim());
    const actual = lines.map((line) => {
      const path = line.slice(line.indexOf(' ') + 1);
      return `${rules.verdict(path)} ${path}`;
    });
    expect(actual).toEqual(lines);
  }

  test('a line of an ignore file that no path could match leaves the others in force', () => {
    const rules = new FolderRules([]);
    rules.setIgnoreFile('', `${'a'.repeat(40_000)}\n*.log\n`);
    check(rules, 'gitIgnored build.log\nopen src/a.ts');
  });

  test('a path is judged by name, then by exclusion, then by git', () => {
    const rules = new FolderRules(['**/generated/**', '*.snap']);
    rules.setIgnoreFile('', 'dist\n*.log\n/only-top.ts\n');
    check(
      rules,
      `open src/a.ts
       secret .env
       secret generated/.env
       excluded generated/a.ts
       excluded src/a.snap
       gitIgnored dist/a.js
       gitIgnored packages/b/dist/deep/a.js
       gitIgnored x.log
       gitIgnored only-top.ts
       open src/only-top.ts`,
    );
  });

  test('the deepest ignore file wins, but nothing comes back from an ignored directory', () => {
    const rules = new FolderRules([]);
    rules.setIgnoreFile('', '*.log\nbuild/\n');
    rules.setIgnoreFile('keep', '!*.log\nlocal.ts\n');
    rules.setIgnoreFile('build', '!keep.ts\n');
    check(
      rules,
      `gitIgnored a.log
       open keep/a.log
       open keep/deep/a.log
       gitIgnored keep/local.ts
       open local.ts
       gitIgnored build/keep.ts`,
    );
  });

  test('a folder inside a repository follows the ignore files above it', () => {
    const rules = new FolderRules([], 'packages/app');
    rules.setIgnoreFile('', 'packages/*/tmp\n');
    rules.setIgnoreFile('packages/app', 'cache.ts\n');
    check(
      rules,
      `gitIgnored tmp/a.ts
       gitIgnored cache.ts
       open src/a.ts`,
    );
  });

  test.each(['/.cache/', '.cache/start/garden', 'garden/'])(
    'a folder that the repository around it ignores by %s follows its own rules',
    (ignored) => {
      const rules = new FolderRules([], '.cache/start/garden');
      rules.setIgnoreFile('', `${ignored}\n*.ts\n`);
      rules.setIgnoreFile('.cache/start', 'src/\n');
      rules.setIgnoreFile('.cache/start/garden', 'tmp/\n');
      check(
        rules,
        `open src/a.ts
         gitIgnored tmp/a.ts
         secret .env`,
      );
    },
  );

  test('a removed ignore file no longer counts', () => {
    const rules = new FolderRules([]);
    rules.setIgnoreFile('', 'a.ts');
    rules.removeIgnoreFile('');
    check(rules, 'open a.ts');
  });
});
