/**
 * Weights of the features of `score.ts`. Fitted by maximum likelihood (L2 of 1) to the candidates of
 * 450 mid-line cuts in the held-out files of zod, viem and @tanstack/query-core, the rest of each
 * package being the workspace, SmolLM2-135M the policy. Ordered so, on a package that the fit did not
 * see, the first is right on 46 % of the cuts; the policy's own is on 31 %, the best copied text on
 * 35 %. No candidate was listed by a language server then.
 */
export const weights = {
  bias: 0.07,
  surprise: -1,
  copied: -1.07,
  sampled: 0,
  listed: 0,
  run: 0.86,
  agreement: 1.58,
  votes: 0.46,
  unscored: -3.72,
} as const;

/** Says which weights ordered a suggestion. */
export const rewardVersion = 'score-1';
