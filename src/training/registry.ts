/**
 * The versions that learning made, and which of them is in use: a folder for each (`adapter/`,
 * `model/`, `verdict.json`), and one pointer file, `champion.json`, which is replaced by a rename, so
 * that at every instant it names one version whole. Each base model has a champion of its own, so a
 * change of the base loses nothing and is undone by changing back.
 *
 * An adapter is the truth and a merged model can be made of it again, so models are kept only for the
 * champion and the one before. It trains nothing and judges nothing; what the gate refused it does not
 * promote. Folders may be deleted by hand at any time: what is gone is passed over.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { removeAbandoned, temporaryBeside } from '../model/abandoned';
import { storageError } from '../model/errors';
import { readModelFolder } from '../model/modelFolder';
import { adapterFiles } from './adapter';
import { TrainingError } from './errors';
import { writeNewFolder } from './newFolder';
import { verdictSchema } from './verdict';

/** The part of a model's manifest that tells models apart. */
const baseSchema = z.object({ version: z.string(), sourceSha256: z.string() });
export type BaseIdentity = Readonly<z.infer<typeof baseSchema>>;

const recordSchema = z.object({
  /** Sorts by time: `20260131-235959-1a2b`. */
  id: z.string(),
  createdMs: z.number(),
  base: baseSchema.readonly(),
  /** Version that suggestions of the merged model name. */
  policyVersion: z.string(),
  /** Rows it was trained on, and the feedback held out to judge it. */
  trainedRows: z.number(),
  heldOut: z.number(),
  /** Time of the newest suggestion that was known. */
  untilMs: z.number(),
  minutes: z.number(),
  /** How fast it was trained, so that the next run knows what fits its time. */
  tokensPerSecond: z.number(),
  verdict: verdictSchema,
});
export type VersionRecord = Readonly<z.infer<typeof recordSchema>>;

export interface Version extends VersionRecord {
  readonly directory: string;
  readonly state:
    | 'champion'
    /** Passed the gate, so it can be put in place. */
    | 'passed'
    /** Refused by the gate. */
    | 'refused'
    /** Trained for a model that is not the one in use. */
    | 'otherBase'
    /** Neither its adapter nor its model is there any more. */
    | 'gone';
}

export interface RegistryOptions {
  readonly directory: string;
  readonly base: BaseIdentity;
  /** Merges an adapter of the base into a new model folder: `mergeAdapter`, or a child that does. */
  readonly merge: (adapterDir: string, destination: string) => Promise<unknown>;
}

export interface Registry {
  /** The version in use, or the one before it that is still there; undefined for the base itself. */
  champion(): Promise<Version | undefined>;
  /** The newest first. */
  versions(): Promise<readonly Version[]>;
  /**
   * A model folder of a version, merged anew where it is missing or damaged.
   * @throws TrainingError `version`, ModelError where the disk is full or the model cannot be made.
   */
  modelOf(version: Version): Promise<string>;
  /**
   * Makes a version that passed the gate the champion, by one rename, once its model is there.
   * @throws TrainingError `version` saying why not; then the champion is the one it was.
   */
  promote(id: string): Promise<Version>;
  /**
   * Puts back the champion before this one, or the version named, or `base`. Resolves to the champion
   * there is now; undefined for the base itself.
   */
  rollBack(to?: string): Promise<Version | undefined>;
}

/** The file that says which versions are in use. */
export const pointerName = 'champion.json';

/** Beside the versions: where a run keeps what it has, rows among them, until it ends. */
export const runFolder = 'learning';
/** A run that was interrupted longer ago is begun anew, on what is known by then. */
export const runStaleMs = 24 * 3_600_000;

const names = {
  versions: 'versions',
  record: 'verdict.json',
  adapter: 'adapter',
  model: 'model',
} as const;

/** Versions kept, and verdicts kept of versions that were refused, beside the champion's own line. */
const maxPassed = 8;
const maxRefused = 30;
/** Champions remembered for rolling back. */
const maxTrail = 8;
const pointerMark = '.writing-';

export function adapterOf({ directory }: Pick<Version, 'directory'>): string {
  return join(directory, names.adapter);
}

export function versionId(createdMs: number): string {
  const digits = new Date(createdMs).toISOString().replace(/\D/g, '');
  return `${digits.slice(0, 8)}-${digits.slice(8, 14)}-${randomUUID().slice(0, 4)}`;
}

/**
 * Adds a version; its folder appears whole or not at all. Nothing points to it yet.
 * @param from folders to be moved in; those left out are not kept
 */
export async function addVersion(
  directory: string,
  record: VersionRecord,
  from: { readonly adapter?: string; readonly model?: string },
): Promise<void> {
  await writeNewFolder(join(resolve(directory), names.versions, record.id), async (folder) => {
    // First what takes space: where there is none, the parts stay where they were.
    await writeDurably(join(folder, names.record), record);
    for (const part of ['adapter', 'model'] as const) {
      const source = from[part];
      if (source !== undefined) await rename(source, join(folder, names[part]));
    }
  });
}

export function openRegistry({ directory, base, merge }: RegistryOptions): Registry {
  const root = resolve(directory);
  const pointerFile = join(root, pointerName);

  const versions = async (): Promise<Version[]> => {
    const [current] = await line();
    const found = await readRecords(root);
    return found.map((each) => ({ ...each, state: stateOf(each, current) }));
  };

  const stateOf = (found: Found, current: string | undefined): Version['state'] => {
    if (found.base.sourceSha256 !== base.sourceSha256) return 'otherBase';
    if (!found.verdict.passed) return 'refused';
    if (!found.isThere) return 'gone';
    return found.id === current ? 'champion' : 'passed';
  };

  /** The line of champions for this base, newest first, without those that are gone. */
  const line = async (): Promise<string[]> => {
    const { champions } = await readPointer(pointerFile);
    const found = new Map((await readRecords(root)).map((each) => [each.id, each]));
    const trail = champions[base.sourceSha256] ?? [];
    return trail.filter((id) => isUsable(found.get(id), base)).reverse();
  };

  const usable = async (id: string): Promise<Version> => {
    const version = (await versions()).find((each) => each.id === id);
    if (version === undefined)
      throw refusal(`There is no version ${id}. See the list of versions.`);
    switch (version.state) {
      case 'champion':
      case 'passed':
        return version;
      case 'refused':
        throw refusal(
          `Version ${id} is not used: ${version.verdict.reasons[0] ?? 'the gate refused it'}`,
        );
      case 'otherBase':
        throw refusal(
          `Version ${id} was trained for ${version.base.version}, and the model in use is ${base.version}. Choose that model first.`,
        );
      case 'gone':
        throw refusal(`The files of version ${id} are gone. Choose another one.`);
    }
  };

  const modelOf = async (version: Version): Promise<string> => {
    const model = join(version.directory, names.model);
    const isWhole = await readModelFolder(model).then(
      () => true,
      () => false,
    );
    if (isWhole) return model;
    await rm(model, { recursive: true, force: true });
    await merge(adapterOf(version), model);
    return model;
  };

  /** Moves the pointer: the one rename that a promotion is. */
  const point = async (trail: readonly string[]): Promise<void> => {
    const { champions } = await readPointer(pointerFile);
    const kept = trail.slice(-maxTrail);
    await mkdir(root, { recursive: true });
    await removeAbandoned(pointerFile, pointerMark);
    const temporary = temporaryBeside(pointerFile, pointerMark);
    try {
      await writeDurably(temporary, {
        formatVersion: 1,
        champions: { ...champions, [base.sourceSha256]: kept },
      } satisfies Pointer);
      await rename(temporary, pointerFile);
    } catch (error) {
      throw storageError(error, pointerFile);
    } finally {
      await rm(temporary, { force: true });
    }
    await removeOld();
  };

  const putInPlace = async (id: string, trail: readonly string[]): Promise<Version> => {
    const version = await usable(id);
    await modelOf(version);
    await point([...trail.filter((each) => each !== id), id]);
    return { ...version, state: 'champion' };
  };

  const removeOld = async (): Promise<void> => {
    const { champions } = await readPointer(pointerFile);
    const withModel = new Set(Object.values(champions).flatMap((trail) => trail.slice(-2)));
    const pointedTo = new Set(Object.values(champions).flat());
    const others = (await readRecords(root)).filter(({ id }) => !pointedTo.has(id));
    const surplus = [
      ...others.filter(({ verdict }) => verdict.passed).slice(maxPassed),
      ...others.filter(({ verdict }) => !verdict.passed).slice(maxRefused),
    ];
    for (const { directory } of surplus) await tryRemove(directory);
    for (const { id, directory } of await readRecords(root)) {
      if (!withModel.has(id)) await tryRemove(join(directory, names.model));
    }
  };

  return {
    champion: async () => (await versions()).find(({ state }) => state === 'champion'),
    versions,
    modelOf,
    async promote(id) {
      return putInPlace(id, (await line()).reverse());
    },
    async rollBack(to) {
      const champions = await line();
      const target = to ?? champions[1] ?? baseId;
      if (target === baseId) {
        await point([]);
        return undefined;
      }
      // What came after the version is no longer what stands before the champion.
      const at = champions.indexOf(target);
      return putInPlace(target, champions.slice(at + 1).reverse());
    },
  };
}

/** Stands for the base model itself, without an adapter, where a version's name may stand. */
export const baseId = 'base';

/** Champions by the hash of their base, oldest first: the last one is in use. */
const pointerSchema = z.object({
  formatVersion: z.literal(1),
  champions: z.record(z.string(), z.array(z.string()).readonly()),
});
type Pointer = Readonly<z.infer<typeof pointerSchema>>;

/** Where the pointer is missing or damaged, every base stands for itself. */
async function readPointer(file: string): Promise<Pointer> {
  const parsed = pointerSchema.safeParse(await readJson(file));
  return parsed.success ? parsed.data : { formatVersion: 1, champions: {} };
}

interface Found extends VersionRecord {
  readonly directory: string;
  /** Whether its adapter or its model is there. */
  readonly isThere: boolean;
}

function isUsable(found: Found | undefined, base: BaseIdentity): boolean {
  return (
    found !== undefined &&
    found.isThere &&
    found.verdict.passed &&
    found.base.sourceSha256 === base.sourceSha256
  );
}

/** Every version whose record can be read, newest first. */
async function readRecords(root: string): Promise<Found[]> {
  const folder = join(root, names.versions);
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  // A link is no version: what is removed of old ones would be removed where it leads.
  const ids = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const found = await Promise.all(
    ids.map(async (id): Promise<Found[]> => {
      const directory = join(folder, id);
      const parsed = recordSchema.safeParse(await readJson(join(directory, names.record)));
      if (!parsed.success || parsed.data.id !== id) return [];
      const adapter = await exists(join(directory, names.adapter, adapterFiles.weights));
      const isThere = adapter || (await exists(join(directory, names.model)));
      return [{ ...parsed.data, directory, isThere }];
    }),
  );
  return found.flat().sort((a, b) => b.createdMs - a.createdMs || (a.id < b.id ? 1 : -1));
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    // Missing or damaged is one to all callers: the schema that follows refuses both.
    return undefined;
  }
}

async function writeDurably(file: string, value: unknown): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(`${JSON.stringify(value, null, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** What another window still has open cannot be removed everywhere; the next promotion tries again. */
async function tryRemove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(() => undefined);
}

function refusal(message: string): TrainingError {
  return new TrainingError('version', message);
}
