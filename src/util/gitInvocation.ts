/**
 * How Hone runs the `git` program in a repository that may come from anywhere: it reads, and nothing
 * that the repository or the environment names is run, fetched or read in its place.
 */

/** Settings of a repository that would have git run or need something else. */
const harmless = [
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
  'protocol.allow=never',
  'log.showSignature=false',
  'diff.orderFile=/dev/null',
];

/** Arguments for `git` that have it read the repository of `directory`. */
export function gitArguments(directory: string, args: readonly string[]): string[] {
  return ['-C', directory, '--no-pager', ...harmless.flatMap((one) => ['-c', one]), ...args];
}

/**
 * The environment to run it in: of `environment` without git's own variables, some of which lead to
 * another repository, and with no way to any other machine or program.
 */
export function gitEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = Object.entries(environment).filter(([name]) => !/^GIT_/i.test(name));
  return {
    ...Object.fromEntries(others),
    // Overrides what a repository allows, also in a git that knows none of the other variables.
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_NO_LAZY_FETCH: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  };
}
