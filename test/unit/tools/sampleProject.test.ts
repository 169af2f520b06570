import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import ts from 'typescript';
import { describe, expect, test, vi } from 'vitest';
import { makeSampleProject, steps } from '../../../tools/sampleProject.mjs';
import { temporaryFolder } from '../../helpers/temporaryFolder';

const original = path.resolve(import.meta.dirname, '../../fixtures/sample-project');

const contents = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .filter((file) => !file.includes(`${path.sep}.git${path.sep}`))
      .map((file) => [path.relative(folder, file), readFileSync(file, 'utf8')]),
  );

async function sampleProject() {
  const folder = path.join(await temporaryFolder(), 'garden-planner');
  await makeSampleProject(folder);
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' }).trim();
  return { folder, git };
}

describe('the sample project', () => {
  test('is the fixture, with nothing left to commit', async () => {
    const { folder, git } = await sampleProject();
    expect(contents(folder)).toEqual(contents(original));
    expect(git('status', '--porcelain')).toBe('');
    expect(git('ls-files')).not.toContain('.env');
  });

  test('has a commit for each step, by the same author at the same times everywhere', async () => {
    const { git } = await sampleProject();
    const log = git('log', '--reverse', '--format=%s|%ae|%at').split('\n');
    const firstMs = Date.UTC(2026, 3, 1, 9);
    expect(log).toEqual(
      steps.map(({ message }, i) => `${message}|ada@example.org|${firstMs / 1000 + i * 86_400}`),
    );
  });

  test('declares all that it uses at every step', async () => {
    const { git } = await sampleProject();
    for (const id of git('log', '--format=%H').split('\n')) {
      const names = git('ls-tree', '-r', '--name-only', id).split('\n');
      const sources = new Map(
        names
          .filter((name) => name.endsWith('.ts'))
          .map((name) => [`/${name}`, git('show', `${id}:${name}`)] as const),
      );
      expect(problemsOf(sources), git('log', '-1', '--format=%s', id)).toEqual([]);
    }
  });
});

test('without git the sample project has no history, and is complete otherwise', async () => {
  const folder = path.join(await temporaryFolder(), 'garden-planner');
  vi.stubEnv('PATH', '');
  try {
    await makeSampleProject(folder);
  } finally {
    vi.unstubAllEnvs();
  }
  expect(readdirSync(folder)).not.toContain('.git');
  expect(contents(folder)).toEqual(contents(original));
});

/** What TypeScript says of these files by path, the names of the language itself aside. */
function problemsOf(sources: ReadonlyMap<string, string>): string[] {
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    noLib: true,
    types: [],
    module: ts.ModuleKind.ES2022,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  };
  const host = ts.createCompilerHost(options);
  host.directoryExists = () => true;
  host.fileExists = (file) => sources.has(file);
  host.readFile = (file) => sources.get(file);
  host.getSourceFile = (file, target) => {
    const text = sources.get(file);
    return text === undefined ? undefined : ts.createSourceFile(file, text, target);
  };
  const program = ts.createProgram([...sources.keys()], options, host);
  const unresolved = new Set([2304, 2305, 2307, 2552, 2614, 2724]);
  const ofLanguage = /'(?:Date|Math|Error)'/;
  return program
    .getSemanticDiagnostics()
    .filter(({ code }) => unresolved.has(code))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
    .filter((message) => !ofLanguage.test(message));
}
