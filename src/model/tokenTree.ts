/**
 * Several ways in which a text may go on, as one tree of tokens, so that a single run of the graph
 * reads them all and shared beginnings are read once (Miao et al., SpecInfer, 2023, section 4). The
 * tree holds guesses only: what is chosen never depends on what it contains.
 */

export interface TreeNode {
  readonly id: number;
  /** Index of the node before, -1 for the end of the prompt. */
  readonly parent: number;
  /** Tokens from the end of the prompt to here, 1 or more. */
  readonly depth: number;
}

export class TokenTree {
  readonly #nodes: TreeNode[] = [];
  readonly #children = new Map<string, number>();

  constructor(
    /** Most nodes. */
    private readonly limit: number,
  ) {}

  get nodes(): readonly TreeNode[] {
    return this.#nodes;
  }

  /**
   * Adds a path from the prompt's end; false, adding nothing, when it does not fit into `limit` nodes
   * any more.
   */
  add(path: readonly number[], limit = this.limit): boolean {
    let known = 0;
    let parent = -1;
    for (; known < path.length; known++) {
      const child = this.child(parent, path[known] ?? -1);
      if (child === undefined) break;
      parent = child;
    }
    if (this.#nodes.length + path.length - known > limit) return false;
    for (; known < path.length; known++) {
      const id = path[known] ?? -1;
      this.#children.set(key(parent, id), this.#nodes.length);
      this.#nodes.push({ id, parent, depth: known + 1 });
      parent = this.#nodes.length - 1;
    }
    return true;
  }

  /** The node that follows `parent` (-1 for the prompt's end) with token `id`. */
  child(parent: number, id: number): number | undefined {
    return this.#children.get(key(parent, id));
  }

  /** Ids from the prompt's end to `node`; none for -1. */
  path(node: number): number[] {
    const ids: number[] = [];
    for (let at = node; at >= 0;) {
      const { id, parent } = this.#nodes[at] ?? { id: -1, parent: -1 };
      ids.unshift(id);
      at = parent;
    }
    return ids;
  }

  /** Whether `node` stands on the way to `descendant`, or is it. */
  isOnPath(node: number, descendant: number): boolean {
    let at = descendant;
    while (at > node) at = this.#nodes[at]?.parent ?? -1;
    return at === node;
  }
}

function key(parent: number, id: number): string {
  return `${parent} ${id}`;
}
