/** Which languages share code: what stands in one file may be said again in another of its group. */

/** The group of a language; one that shares with no other is a group of its own. */
export function languageGroup(languageId: string): string {
  return groups.find((group) => group.includes(languageId))?.[0] ?? languageId;
}

const groups: readonly (readonly string[])[] = [
  ['typescript', 'typescriptreact', 'javascript', 'javascriptreact', 'vue', 'svelte', 'astro'],
  ['c', 'cpp', 'cuda-cpp', 'objective-c', 'objective-cpp'],
  ['css', 'scss', 'less'],
  ['html', 'handlebars', 'razor', 'php'],
  ['json', 'jsonc'],
  ['java', 'groovy'],
  ['yaml', 'dockercompose', 'github-actions-workflow'],
];
