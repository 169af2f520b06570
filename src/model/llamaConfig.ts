/**
 * The shape of a Llama or Qwen2 decoder, read from a GGUF header or a Hugging Face `config.json`.
 * Every number is checked here once, so that the graph and the import can trust it; what Hone does
 * not compute (rope scaling, sliding windows, experts) is refused by name rather than ignored.
 */
export interface LlamaConfig {
  readonly architecture: 'llama' | 'qwen2';
  /** V */
  readonly vocabularySize: number;
  /** L */
  readonly layers: number;
  /** D */
  readonly hiddenSize: number;
  /** F */
  readonly feedForwardSize: number;
  /** H */
  readonly heads: number;
  /** KV */
  readonly kvHeads: number;
  /** dh */
  readonly headSize: number;
  /** Longest sequence the model was trained for, in tokens. */
  readonly maxPositions: number;
  readonly ropeTheta: number;
  readonly rmsEpsilon: number;
  /** Whether the head's matrix is the embedding. */
  readonly tiedEmbedding: boolean;
  /** Whether query, key and value have a bias, as in Qwen2. */
  readonly qkvBias: boolean;
}
