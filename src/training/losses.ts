/**
 * What training makes small, as nodes added to a graph that gives logits. All three work on the log
 * probabilities of chosen tokens alone, so the head is computed for few rows.
 *
 * - `sft`: the negative log-likelihood of the completion, each token with a weight. A place may have
 *   several labels, drawn from what a frozen model expects there: in the mean over the draws that is
 *   the divergence from it (distillation by drawn labels: arXiv 2503.16870), up to a constant.
 * - `dpo`: preference pairs (arXiv 2305.18290, equation 7) with label smoothing (conservative DPO),
 *   and the likelihood of the chosen text besides: on pairs that are nearly alike DPO alone lowers
 *   the likelihood of both (arXiv 2402.13228).
 * - `kto`: texts that were liked or not, without a partner (arXiv 2402.01306, equation 8). Of the
 *   unpaired losses this one is taken for its bounded value: a text that was refused by mistake, as
 *   happens to every editor, cannot pull without limit, as it can where the logarithm of a sigmoid
 *   is taken (BCO, arXiv 2404.04656).
 *
 * Everything that is no gradient comes in as an input, normalised over the whole step by the caller:
 * so the gradients of micro-batches add up to that of the batch.
 *
 * Shapes: R rows of logits, V vocabulary, K labels of each (1 but for SFT), Q texts to compare (DPO:
 * pairs), B sequences.
 */
import { GraphBuilder, int } from '../onnx/graphBuilder';
import type { OnnxGraph } from '../onnx/model';

export type LossSettings =
  | { readonly method: 'sft' }
  | {
      readonly method: 'dpo';
      /** How far the policy may go from the frozen model: less goes further. */
      readonly beta: number;
      /** Share of pairs that are taken to be labelled the wrong way round, 0 to below 0.5. */
      readonly labelSmoothing: number;
      /** Weight of the chosen text's likelihood, 0 or more. */
      readonly likelihood: number;
    }
  | { readonly method: 'kto'; readonly beta: number };

export const lossNames = {
  labels: 'labels',
  tokenWeights: 'token_weights',
  textRows: 'text_rows',
  frozenScores: 'frozen_scores',
  textWeights: 'text_weights',
  liked: 'liked',
  referencePoint: 'reference_point',
  scores: 'scores',
  loss: 'loss',
} as const;

/**
 * `graph` with `scores` in place of its outputs: for each text the sum of its tokens' log
 * probabilities, for DPO the chosen one's less the rejected one's.
 */
export function addScores(graph: OnnxGraph): OnnxGraph {
  const b = GraphBuilder.continuing({ ...graph, outputs: [] }, 'scores');
  addTextScores(b, addLogProbabilities(b));
  return b.build(graph.name);
}

/** `graph` with the scalar `loss` in place of its outputs. */
export function addLoss(graph: OnnxGraph, settings: LossSettings): OnnxGraph {
  const b = GraphBuilder.continuing({ ...graph, outputs: [] }, 'loss');
  const logp = addLogProbabilities(b); // [R, 1]
  const name = lossNames.loss;
  switch (settings.method) {
    case 'sft':
      b.output(name, negativeLogLikelihood(b, logp), 'float32', []);
      break;
    case 'dpo': {
      const { beta, labelSmoothing, likelihood } = settings;
      const margin = b.op('Mul', [logRatios(b, logp), b.float32(beta)]); // [Q, 1]
      // -(1 - e) log σ(z) - e log σ(-z) = softplus(-z) + e z
      const surprise = b.op('Softplus', [b.op('Neg', [margin])]); // [Q, 1]
      const smoothed = b.op('Mul', [margin, b.float32(labelSmoothing)]); // [Q, 1]
      const preference = weightedSum(b, b.op('Add', [surprise, smoothed]));
      const nll = b.op('Mul', [negativeLogLikelihood(b, logp), b.float32(likelihood)]);
      b.output(name, b.op('Add', [preference, nll]), 'float32', []);
      break;
    }
    case 'kto': {
      const point = b.input(lossNames.referencePoint, 'float32', [1, 1]);
      const signs = b.input(lossNames.liked, 'float32', ['Q', 1]); // 1 liked, -1 not
      const gain = b.op('Mul', [b.op('Sub', [logRatios(b, logp), point]), signs]); // [Q, 1]
      const value = b.op('Sigmoid', [b.op('Mul', [gain, b.float32(settings.beta)])]); // [Q, 1]
      b.output(name, weightedSum(b, b.op('Sub', [b.float32(1), value])), 'float32', []);
      break;
    }
  }
  return b.build(graph.name);
}

/** log p of each row's labels, `[R, K]`. */
function addLogProbabilities(b: GraphBuilder): string {
  const labels = b.input(lossNames.labels, 'int64', ['R', 'K']);
  const all = b.op('LogSoftmax', ['logits'], { axis: int(1) }); // [R, V]
  return b.op('GatherElements', [all, labels], { axis: int(1) });
}

/** Adds the output `scores`, `[Q, 1]`; `text_rows` has 1 or -1 where a row belongs to a text. */
function addTextScores(b: GraphBuilder, logp: string): string {
  const rows = b.input(lossNames.textRows, 'float32', ['Q', 'R']);
  const scores = b.op('MatMul', [rows, logp]); // [Q, 1]
  b.output(lossNames.scores, scores, 'float32', ['Q', 1]);
  return scores;
}

/** How much more likely each text has become than it was to the frozen model, `[Q, 1]`. */
function logRatios(b: GraphBuilder, logp: string): string {
  const frozen = b.input(lossNames.frozenScores, 'float32', ['Q', 1]);
  return b.op('Sub', [addTextScores(b, logp), frozen]);
}

function weightedSum(b: GraphBuilder, values: string): string {
  const weights = b.input(lossNames.textWeights, 'float32', ['Q', 1]);
  return b.op('ReduceSum', [b.op('Mul', [values, weights])], { keepdims: int(0) });
}

function negativeLogLikelihood(b: GraphBuilder, logp: string): string {
  const weights = b.input(lossNames.tokenWeights, 'float32', ['R', 'K']);
  const sum = b.op('ReduceSum', [b.op('Mul', [logp, weights])], { keepdims: int(0) });
  return b.op('Neg', [sum]);
}
