/**
 * The files of a history as they stand at one moment, in the indices that suggestions are made from,
 * kept up to date the way the editor does it: what is typed is an edit, what a commit brings is not.
 */
import { CopyIndex } from '../completion/copyIndex';
import { NeighbourIndex } from '../completion/neighbours';
import { languageOf } from '../util/language';
import type { FileChange } from './history';
import type { WorkspaceFile } from './fim';

export class Workspace {
  readonly copyIndex = new CopyIndex();
  readonly neighbours = new NeighbourIndex();
  readonly #repository: string;
  readonly #address: string;

  /** @param address of the top folder, without a slash at its end; one made of its name if not said */
  constructor(repository: string, files: readonly WorkspaceFile[], address?: string) {
    this.#repository = repository;
    this.#address = address ?? `file:///${repository}`;
    for (const file of files) this.update(file.path, file.text);
  }

  uriOf(path: string): string {
    return `${this.#address}/${path}`;
  }

  update(path: string, text: string): void {
    const uri = this.uriOf(path);
    const languageId = languageOf(path);
    this.copyIndex.update(uri, languageId, text);
    this.neighbours.update({ uri, path, repository: this.#repository, languageId, text });
  }

  /** The user typed: the file is `text` now. */
  edit(path: string, text: string): void {
    this.copyIndex.noteEdit(this.uriOf(path));
    this.neighbours.noteEdit(this.uriOf(path));
    this.update(path, text);
  }

  remove(path: string): void {
    this.copyIndex.remove(this.uriOf(path));
    this.neighbours.remove(this.uriOf(path));
  }

  /** What a commit did; `isTyped` where the user did it. */
  apply({ path, from, after }: FileChange, isTyped: boolean): void {
    if (from !== undefined) this.remove(from);
    if (after === undefined) this.remove(path);
    else if (isTyped) this.edit(path, after);
    else this.update(path, after);
  }
}
