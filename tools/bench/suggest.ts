/**
 * Suggestions as the editor gets them: the whole pipeline with the model in its own process, three
 * sampled candidates and copied ones, while somebody types Hone's own sources.
 */
import { CopyIndex } from '../../src/completion/copyIndex';
import { suggest } from '../../src/completion/suggest';
import { defaultSettings } from '../../src/contributions';
import { ModelHost } from '../../src/host/modelHost';
import type { LatencyMs, Logger } from '../../src/types';
import { systemClock } from '../../src/util/clock';
import { seededRandom } from '../../src/util/random';
import { type Figure, format, residentMegabytes, spread } from './machine';
import { hostScript, modelDirectory, ownSources, type SourceFile } from './places';

export const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export async function benchSuggest(): Promise<Figure[]> {
  const host = new ModelHost({
    hostScript,
    modelDir: modelDirectory,
    threads: 2,
    logger: silent,
    clock: systemClock,
  });
  host.start();
  try {
    const files = ownSources();
    const index = new CopyIndex();
    for (const { path, text } of files) index.update(path, 'typescript', text);

    const warm: LatencyMs[] = [];
    for (const file of files.filter((_, i) => i % 8 === 0).slice(0, 6))
      warm.push(...(await typeAlong(host, index, file, 12)));
    const first: number[] = [];
    for (let i = 0; i < 5; i++) first.push(await firstSuggestion(host, index, files, i));

    const pid = host.state.kind === 'ready' ? host.state.pid : NaN;
    return [
      {
        what: 'one-line suggestion, warm prefix',
        value: format(spread(warm.map((latency) => latency.total)), 'ms'),
        wanted: 'p50 <= 200 ms',
      },
      {
        what: '  of which prefill / decode / copy, p50',
        value: (['prefill', 'decode', 'copy'] as const)
          .map((part) => spread(warm.map((latency) => latency[part])).p50.toFixed(1))
          .join(' / '),
        wanted: '',
      },
      {
        what: 'first suggestion in a fresh 500-line file',
        value: format(spread(first), 'ms'),
        wanted: '<= 1500 ms',
      },
      {
        what: 'model host, resident',
        value: `${residentMegabytes(pid).toFixed(0)} MB`,
        wanted: '<= 500 MB',
      },
    ];
  } finally {
    host.dispose();
  }
}

/**
 * Asks after every four typed characters on some lines of a file, as a person who reads would.
 * `before` is called before each question, of the number from 0.
 */
export async function typeAlong(
  host: ModelHost,
  index: CopyIndex,
  { path, text }: SourceFile,
  count: number,
  before: (question: number) => Promise<void> = () => Promise.resolve(),
): Promise<LatencyMs[]> {
  const latencies: LatencyMs[] = [];
  const start = text.indexOf('\n', text.length / 2) + 1;
  await ask(host, index, path, text.slice(0, start), text.slice(start), 0);
  for (let offset = start + 4, i = 0; i < count && offset < text.length; offset += 4) {
    if (!/\S.*\S/.test(restOfLine(text, offset))) continue;
    await before(i);
    const suffix = text.slice(offset + restOfLine(text, offset).length);
    latencies.push((await ask(host, index, path, text.slice(0, offset), suffix, i++)).latencyMs);
  }
  return latencies;
}

/** Wall time of the first suggestion in the middle of a file that the model has never seen. */
async function firstSuggestion(
  host: ModelHost,
  index: CopyIndex,
  files: readonly SourceFile[],
  round: number,
): Promise<number> {
  const lines = files.flatMap((file) => file.text.split('\n'));
  const from = 500 * round;
  const prefix = lines.slice(from, from + 480).join('\n') + '\n';
  const suffix = '\n' + lines.slice(from + 481, from + 500).join('\n');
  const started = performance.now();
  await ask(host, index, `fresh${round}.ts`, prefix, suffix, round);
  return performance.now() - started;
}

function restOfLine(text: string, offset: number): string {
  const end = text.indexOf('\n', offset);
  return text.slice(offset, end < 0 ? text.length : end);
}

function ask(
  host: ModelHost,
  copyIndex: CopyIndex,
  path: string,
  prefix: string,
  suffix: string,
  seed: number,
) {
  return suggest(
    {
      document: {
        uri: path,
        path,
        repository: 'hone',
        languageId: 'typescript',
        text: prefix + suffix,
        offset: prefix.length,
      },
      trigger: 'invoked',
      settings: { ...defaultSettings, multiline: 'never' },
      policy: host.policy,
      copyIndex,
      clock: systemClock,
      random: seededRandom(seed),
      onPolicyError: (error) => {
        throw error;
      },
    },
    new AbortController().signal,
  );
}
