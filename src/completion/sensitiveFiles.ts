/**
 * Which files are none of Hone's business: secrets by name, what git ignores, what the user
 * excludes. Such a file is never read for context, never suggested in, never stored. Works on paths
 * alone; who reads the ignore files and watches them is `workspaceIndex.ts`.
 */
import ignore, { type Ignore } from 'ignore';
import picomatch from 'picomatch';
import type { IgnoreLists } from '../util/ignoreLists';

export type FileVerdict = 'open' | 'secret' | 'gitIgnored' | 'excluded';

/** Names and places where credentials live, matched without regard to case. */
const secretGlobs = [
  '**/{.env,.envrc,.flaskenv}',
  '**/.env{.*,-*,_*,~}',
  '**/*.env',
  '**/.{dev,prod}.vars',
  '**/.{npmrc,pypirc,netrc,pgpass,my.cnf,htpasswd,git-credentials,dockercfg,dockerconfigjson,s3cfg,boto}{,.*,~}',
  '**/{_netrc,.yarnrc.yml,.authinfo,.vault-token,.vault_pass,.terraformrc,terraform.rc,.databrickscfg}',
  '**/.{ssh,aws,gnupg,kube,azure,docker,password-store,pulumi,oci}/**',
  '**/.config/{gcloud,gh,hub,rclone,op}/**',
  '**/.m2/settings.xml',
  '**/.{gem,cargo}/credentials*',
  '**/*.{pem,key,p8,p12,pfx,jks,keystore,kdbx,ppk,asc,gpg,ovpn,tfstate,tfvars,mobileprovision,keytab}',
  '**/*.{pem,key}.{bak,old,txt}',
  '**/*.{tfstate.*,tfvars.json}',
  '**/{id,deploy}_{rsa,dsa,ecdsa,ed25519,key}{,_*,.*}',
  '**/{credentials,secret,secrets}',
  '**/{credentials,secret,secrets}.{json,yml,yaml,toml,ini,xml,csv,properties,enc}',
  '**/secrets.*.{json,yml,yaml,toml,enc}',
  '**/*{-,.}{secret,secrets}.{json,yml,yaml,enc}',
  '**/{client_secret,service-account,service_account,serviceAccount,serviceAccountKey}*.json',
  '**/*firebase-adminsdk*.json',
  '**/application_default_credentials.json',
  '**/{master,production}.key',
  '**/{kubeconfig,kubeconfig.yaml,kubeconfig.yml,rclone.conf,wp-config.php,logins.json,ipsec.secrets}',
  '**/application-prod*.{yml,yaml,properties}',
  '**/appsettings.Production.json',
  '**/.*_history',
];

/** Templates that are made to be shared and hold no values. */
const sharedTemplates = ['**/.env{.,-,_}{example,sample,template,dist}'];

const matchSecret = picomatch(secretGlobs, { dot: true, nocase: true, ignore: sharedTemplates });

/** Whether a path, absolute or relative, with '/' separators, names a file that holds secrets. */
export function isSecretFile(path: string): boolean {
  return matchSecret(path.replace(/^\/+/, ''));
}

/** Compiles globs relative to a folder; a glob without '/' matches at any depth. */
export function compileGlobs(globs: readonly string[]): (relativePath: string) => boolean {
  if (globs.length === 0) return () => false;
  return picomatch(globs.map(bounded).map(atAnyDepth), { dot: true });
}

/** Wildcards in one name: more of them may take seconds to tell that a name does not match. */
const maxWildcards = 3;
/** Characters of a glob, or of a line of an ignore file. No path that it could match is longer. */
const maxPatternCharacters = 4_096;

/** The glob, or one that matches more where it asks too much: what it hides stays hidden. */
function bounded(glob: string): string {
  return glob
    .slice(0, maxPatternCharacters)
    .split('/')
    .map((name) => {
      const parts = name.split('*');
      if (name === '**' || parts.length <= maxWildcards + 1) return name;
      return `${parts[0] ?? ''}*${parts.at(-1) ?? ''}`;
    })
    .join('/');
}

export function atAnyDepth(glob: string): string {
  return glob.includes('/') ? glob : `**/${glob}`;
}

/** The rules of one workspace folder. Paths have '/' separators. */
export class FolderRules {
  readonly #ignoreFiles = new Map<string, Ignore>();
  readonly #isExcluded: (relativePath: string) => boolean;
  readonly #pathInRepository: string;

  /** `pathInRepository` leads from the top of the git repository to the folder; '' is the top itself. */
  constructor(exclude: readonly string[], pathInRepository = '') {
    this.#isExcluded = compileGlobs(exclude);
    this.#pathInRepository = pathInRepository;
  }

  /** The rules of a folder whose ignore files were read. */
  static of(exclude: readonly string[], lists: IgnoreLists): FolderRules {
    const rules = new FolderRules(exclude, lists.pathInRepository);
    for (const [directory, text] of lists.texts) rules.setIgnoreFile(directory, text);
    return rules;
  }

  /** Adds or replaces the `.gitignore` of a directory, given from the top of the repository. */
  setIgnoreFile(directory: string, text: string): void {
    const lines = text.split('\n').filter((line) => line.length <= maxPatternCharacters);
    this.#ignoreFiles.set(directory, ignore().add(lines));
  }

  removeIgnoreFile(directory: string): void {
    this.#ignoreFiles.delete(directory);
  }

  /** `relativePath` is relative to the workspace folder. */
  verdict(relativePath: string): FileVerdict {
    if (isSecretFile(relativePath)) return 'secret';
    if (this.#isExcluded(relativePath)) return 'excluded';
    const top = this.#pathInRepository;
    const inRepository = top === '' ? relativePath : `${top}/${relativePath}`;
    return this.#isGitIgnored(inRepository) ? 'gitIgnored' : 'open';
  }

  /**
   * As git does: from the top down, the deepest file with an opinion wins at each level. Whoever opens
   * a folder that the repository around it ignores means what is in it: there its own files rule.
   */
  #isGitIgnored(path: string): boolean {
    if (this.#ignoreFiles.size === 0) return false;
    const parts = path.split('/');
    const folderDepth = this.#pathInRepository.split('/').filter(Boolean).length;
    let top = 0;
    for (let depth = 1; depth <= parts.length; depth++) {
      const slash = depth === parts.length ? '' : '/';
      if (!this.#levelIgnored(parts.slice(0, depth), slash, top)) continue;
      if (depth > folderDepth) return true;
      top = folderDepth;
    }
    return false;
  }

  /** Asks the ignore files from directory depth `top` down. */
  #levelIgnored(parts: readonly string[], slash: '' | '/', top: number): boolean {
    for (let depth = parts.length - 1; depth >= top; depth--) {
      const rules = this.#ignoreFiles.get(parts.slice(0, depth).join('/'));
      if (!rules) continue;
      const { ignored, unignored } = rules.test(parts.slice(depth).join('/') + slash);
      if (ignored || unignored) return ignored;
    }
    return false;
  }
}
