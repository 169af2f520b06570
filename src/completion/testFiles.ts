/** Tells test files by their paths, as the usual test runners do. */

const testPath =
  /(?:^|\/)(?:tests?|__tests__|__mocks__|specs?|e2e|fixtures)\/|(?:^|\/)(?:test_[^/]*|conftest)\.py$|_test\.\w+$|[.-](?:test|spec|test-d)\.\w+$/i;

/** @param path with `/` between folders; a URI will do */
export function isTestFile(path: string): boolean {
  return testPath.test(path);
}
