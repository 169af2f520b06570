/**
 * npm run bench [-- SECTION...]: every performance figure that Hone claims, with the machine it was
 * measured on. Sections: copy, neighbours, syntax, reward, import, suggest, engine (beside llama.cpp),
 * editor, training (beside PyTorch where HONE_BENCH_PYTHON names a python with torch, transformers and peft).
 * Figures are medians with the 10th and 90th percentile.
 */
import { benchCopy } from './copy';
import { benchEditor } from './editor';
import { benchEngine } from './engine';
import { benchImport } from './import';
import { describeMachine, type Figure } from './machine';
import { benchNeighbours } from './neighbours';
import { benchReward } from './reward';
import { benchSuggest } from './suggest';
import { benchSyntax } from './syntax';
import { benchTraining } from './training';

const sections: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
  copy: benchCopy,
  neighbours: benchNeighbours,
  syntax: benchSyntax,
  reward: benchReward,
  import: benchImport,
  suggest: benchSuggest,
  engine: benchEngine,
  editor: benchEditor,
  training: benchTraining,
};

async function main(): Promise<void> {
  const chosen = process.argv.slice(2);
  const unknown = chosen.filter((name) => !(name in sections));
  if (unknown.length > 0)
    throw new Error(
      `There is no section ${unknown.join(', ')}: ${Object.keys(sections).join(', ')}.`,
    );
  print(describeMachine());
  for (const [name, run] of Object.entries(sections)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    print(`\n${name}`);
    for (const { what, value, wanted } of await run())
      print(`  ${what.padEnd(52)} ${value.padEnd(28)} wanted ${wanted}`);
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exit(1);
  },
);
