/**
 * The names of languages as the editor shows them, from the extensions that bring the languages. The
 * editor's API tells the identifiers alone.
 */
import type { LanguageName } from './offText';

/** The piece of `vscode.extensions` that is needed. */
export interface ExtensionHost {
  readonly all: readonly { readonly packageJSON: unknown }[];
  onDidChange(listener: () => void): { dispose(): void };
}

/** Languages that the editor itself brings. */
const builtIn = [['plaintext', 'Plain Text']] as const;

/** Extensions come and go as long as the window is open, so the names are read anew when they do. */
export function languageNames(extensions: ExtensionHost): LanguageName & { dispose(): void } {
  let names: ReadonlyMap<string, string> | undefined;
  const subscription = extensions.onDidChange(() => (names = undefined));
  const nameOf = (id: string): string => {
    names ??= namesOf(extensions.all);
    return names.get(id) ?? id;
  };
  return Object.assign(nameOf, { dispose: () => subscription.dispose() });
}

function namesOf(extensions: ExtensionHost['all']): ReadonlyMap<string, string> {
  const names = new Map<string, string>(builtIn);
  for (const { packageJSON } of extensions) {
    const { contributes } = packageJSON as Manifest;
    for (const { id, aliases } of contributes?.languages ?? []) {
      const name = aliases?.[0];
      if (id !== undefined && name !== undefined && !names.has(id)) names.set(id, name);
    }
  }
  return names;
}

interface Manifest {
  readonly contributes?: {
    readonly languages?: readonly {
      readonly id?: string;
      readonly aliases?: readonly string[];
    }[];
  };
}
