/**
 * The README.md of an export: a dataset card that Hugging Face `datasets` and its hub read, and that
 * tells a person what is in the folder, how it came to be, and what was left out.
 */
import type { ExportFormat, ExportPlan } from './export';

const trainers = {
  sft: 'SFTTrainer',
  preference: 'DPOTrainer',
  unpaired: 'KTOTrainer',
} as const satisfies Partial<Record<ExportFormat, string>>;

const origins = {
  events: 'One row a suggestion, with all that is known of it and no label.',
  sft: 'The prompt is what the model was told, in the StarCoder format, up to the cursor; the completion is what stood there in the end, or what was accepted and kept.',
  preference:
    'The prompt is what the model was told, in the StarCoder format, up to the cursor. Chosen is what was accepted, or what was written after a refusal; rejected is what was refused at the same place.',
  unpaired:
    'The prompt is what the model was told, in the StarCoder format, up to the cursor, and the completion what was shown. The label is the sign of the reward: kept text is good, dismissed or soon removed text is bad. Suggestions that were not seen, were superseded or left are in no row.',
} as const satisfies Record<ExportFormat, string>;

export function datasetCard(plan: ExportPlan): string {
  const { format, columns, rows } = plan;
  const splits = (['train', 'test'] as const).filter((split) => rows[split] > 0);
  const trainer = format === 'events' ? undefined : trainers[format];
  return `---
pretty_name: Hone feedback (${format})
tags:
- code
- hone
${trainer === undefined ? '' : '- trl\n'}size_categories:
- ${sizeCategory(rows.train + rows.test)}
configs:
- config_name: default
  data_files:
${splits.map((split) => `  - split: ${split}\n    path: ${split}.jsonl`).join('\n')}
---

# Feedback on code suggestions, as \`${format}\`

Written by Hone from one person's own feedback. ${origins[format]}

| column | type | meaning |
|---|---|---|
${columns.map(({ name, type, meaning }) => `| \`${name}\` | ${type} | ${meaning} |`).join('\n')}

## Splits

Split by time: what is to be predicted lies after what is learnt from. No suggestion is in both.

| split | rows | from | until |
|---|---|---|---|
${splits.map((split) => `| ${split} | ${rows[split]} | ${spanOf(plan, split)} |`).join('\n')}

## What left, and what did not

${plan.leaves.map((sentence) => `- ${sentence}`).join('\n')}

## Use

\`\`\`python
from datasets import load_dataset

dataset = load_dataset("path/to/this/folder")
${trainer === undefined ? '' : `\nfrom trl import ${trainer}\n\ntrainer = ${trainer}(model=..., train_dataset=dataset["train"]${rows.test > 0 ? ', eval_dataset=dataset["test"]' : ''})\n`}\`\`\`
`;
}

function sizeCategory(rows: number): string {
  if (rows < 1_000) return 'n<1K';
  if (rows < 10_000) return '1K<n<10K';
  if (rows < 100_000) return '10K<n<100K';
  return '100K<n<1M';
}

function spanOf({ span, testFromMs }: ExportPlan, split: 'train' | 'test'): string {
  if (span === undefined) return ' | ';
  const day = (timeMs: number) => new Date(timeMs).toISOString().slice(0, 16).replace('T', ' ');
  const hasTest = Number.isFinite(testFromMs);
  const from = split === 'train' ? day(span.fromMs) : day(testFromMs);
  const until = split === 'train' && hasTest ? `before ${day(testFromMs)}` : day(span.untilMs);
  return `${from} | ${until}`;
}
