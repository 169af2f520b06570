/**
 * The history of versions as a list to choose from, as a function of what the registry says. Each line
 * has the numbers that decided; what stands first is in use or could be.
 */
import type { Version } from '../training/registry';

export type VersionChoice =
  | { readonly kind: 'base'; readonly isInUse: boolean }
  | { readonly kind: 'version'; readonly version: Version };

export interface VersionItem {
  readonly label: string;
  readonly description: string;
  readonly detail: string;
  readonly choice: VersionChoice;
}

/** @param versions the newest first */
export function versionItems(
  versions: readonly Version[],
  baseVersion: string,
  dateTime: (timeMs: number) => string,
): readonly VersionItem[] {
  const isBaseInUse = !versions.some(({ state }) => state === 'champion');
  return [
    ...versions.map((version): VersionItem => {
      const { createdMs, verdict, trainedRows, heldOut } = version;
      const facts = [
        lossWords(version),
        trainedRows > 0 ? `learned from ${trainedRows}, judged on ${heldOut}` : '',
        version.id,
      ];
      return {
        label: `${icons[version.state]} ${dateTime(createdMs)}: ${words[version.state]}`,
        description: facts.filter((fact) => fact !== '').join(' · '),
        detail: verdict.reasons.join(' '),
        choice: { kind: 'version', version },
      };
    }),
    {
      label: `${isBaseInUse ? icons.champion : icons.passed} Original model${isBaseInUse ? `: ${words.champion}` : ''}`,
      description: baseVersion,
      detail: 'Without anything learned from you.',
      choice: { kind: 'base', isInUse: isBaseInUse },
    },
  ];
}

const icons: Readonly<Record<Version['state'], string>> = {
  champion: '$(check)',
  passed: '$(history)',
  refused: '$(circle-slash)',
  otherBase: '$(file-binary)',
  gone: '$(trash)',
};

const words: Readonly<Record<Version['state'], string>> = {
  champion: 'in use',
  passed: 'passed',
  refused: 'refused',
  otherBase: 'for another model',
  gone: 'its files are gone',
};

/** How well what the user wrote was expected, before and after: less is better. */
function lossWords({ verdict }: Version): string {
  const check = verdict.checks.find(({ name }) => name === 'likelihood');
  if (check?.champion == null || check.challenger == null) return '';
  return `loss ${check.champion.toFixed(3)} → ${check.challenger.toFixed(3)}`;
}
