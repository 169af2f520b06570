/**
 * Weights of the features of `score.ts`, written by `npm run eval -- fit`, not by hand. Fitted by
 * maximum likelihood (L2 of 1) to the candidates of 560 cuts, in the middle and at the start of a
 * line, SmolLM2-135M the policy, of
 * zod,
 * viem,
 * @tanstack/query-core,
 * mocha,
 * click,
 * starlette,
 * ajv,
 * fabric,
 * tone,
 * undici,
 * axios,
 * attrs,
 * anyio,
 * marshmallow,
 * the other files of each package being the workspace. Ordered so, on a package that the fit did not
 * see, the first is right on 41 % of the cuts; the policy's own is on 36 %, the best copied text
 * on 25 %, one of the candidates on 51 %.
 */
export const weights = {
  bias: 2.08,
  surprise: -2.4,
  copied: -2.53,
  sampled: -0.66,
  surpriseCopied: 1.06,
  surpriseRun: 0.19,
  surpriseAgreement: 0.38,
  surpriseVotes: 0.22,
} as const;

/** Says which weights ordered a suggestion. */
export const rewardVersion = 'score-d24a68';
