/**
 * The only reader of the editor's configuration. Turns `hone.*` into a frozen `Settings`, once for
 * each folder, and says when something changed. Holds no default values: those are in package.json.
 * A workspace, which may come from anywhere, adds to the lists of private files and takes none away.
 */
import type * as vscode from 'vscode';
import { defaultOf, section, type SettingName, settingsFrom } from '../contributions';
import type { Settings } from '../types';
import { type Disposable, DisposableStore } from '../util/disposable';
import { Emitter, type Event } from '../util/event';
import { messageOf } from './log';

/** The piece of `vscode.workspace` that settings need. */
export type SettingsHost = Pick<
  typeof vscode.workspace,
  'getConfiguration' | 'onDidChangeConfiguration' | 'getWorkspaceFolder'
>;

export type SettingLevel = 'user' | 'workspace' | 'folder';

export class SettingsSource implements Disposable {
  readonly #host: SettingsHost;
  readonly #onInvalid: (message: string) => void;
  readonly #byFolder = new Map<string, Settings>();
  readonly #disposables = new DisposableStore();
  readonly #changed = this.#disposables.add(new Emitter<void>());

  readonly onDidChange: Event<void> = this.#changed.event;

  /** `onInvalid` hears of a value that cannot be used; its default is used in its place. */
  constructor(host: SettingsHost, onInvalid: (message: string) => void) {
    this.#host = host;
    this.#onInvalid = onInvalid;
    this.#disposables.add(
      host.onDidChangeConfiguration((event) => {
        if (!event.affectsConfiguration(section)) return;
        this.#byFolder.clear();
        this.#changed.fire();
      }),
    );
  }

  /** What holds for the window as a whole. */
  get current(): Settings {
    return this.#read('', undefined);
  }

  /** What holds for one document; a folder may have its own values. */
  forDocument(uri: vscode.Uri): Settings {
    const folder = this.#host.getWorkspaceFolder(uri);
    return folder ? this.#read(folder.uri.toString(), folder.uri) : this.current;
  }

  /** Where the value that holds for a document is set; `user` also where none is. */
  levelOf(name: SettingName, uri: vscode.Uri | undefined): SettingLevel {
    const set = this.#host.getConfiguration(section, uri ?? null).inspect(name);
    if (set?.workspaceFolderValue !== undefined) return 'folder';
    return set?.workspaceValue === undefined ? 'user' : 'workspace';
  }

  #read(key: string, scope: vscode.Uri | undefined): Settings {
    let settings = this.#byFolder.get(key);
    if (!settings) {
      const configuration = this.#host.getConfiguration(section, scope ?? null);
      settings = settingsFrom((name) =>
        isPrivateList(name)
          ? this.#allOf(name, configuration)
          : this.#usable(name, configuration.get(name)),
      );
      this.#byFolder.set(key, settings);
    }
    return settings;
  }

  /** The user's own list, or the default one, with what the workspace and the folder add to it. */
  #allOf(name: SettingName, configuration: vscode.WorkspaceConfiguration): unknown {
    const set = configuration.inspect(name);
    const added = [set?.workspaceValue, set?.workspaceFolderValue];
    const lists = [set?.globalValue ?? defaultOf(name), ...added.map((list) => list ?? [])];
    return [...new Set(lists.flatMap((list) => this.#usable(name, list)))];
  }

  #usable(name: SettingName, value: unknown): unknown {
    try {
      settingsFrom((key) => (key === name ? value : defaultOf(key)));
      return value;
    } catch (error) {
      this.#onInvalid(messageOf(error));
      return defaultOf(name);
    }
  }

  dispose(): void {
    this.#disposables.dispose();
  }
}

/** Lists of files that Hone keeps out of. */
function isPrivateList(name: SettingName): boolean {
  return name === 'exclude' || name === 'neverLearn';
}

/** Whether Hone suggests in this language; `*` speaks for those not listed. */
export function languageEnabled(
  settings: Pick<Settings, 'languages'>,
  languageId: string,
): boolean {
  return settings.languages[languageId] ?? settings.languages['*'] ?? true;
}
