/**
 * The only file that knows onnxruntime. It opens a graph and runs it on plain tensors; it knows
 * nothing of language models. A run blocks the event loop of its process and cannot be interrupted
 * (onnxruntime-node 1.30), so the editor uses it through the model host alone.
 */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { encodeModel } from '../onnx/codec';
import { GraphBuilder } from '../onnx/graphBuilder';
import { ModelError } from './errors';

export type Tensor =
  | { readonly type: 'float32'; readonly data: Float32Array; readonly dims: readonly number[] }
  | { readonly type: 'int64'; readonly data: BigInt64Array; readonly dims: readonly number[] }
  | { readonly type: 'int8'; readonly data: Int8Array; readonly dims: readonly number[] }
  /** 0 or 1 each; an input only. */
  | { readonly type: 'bool'; readonly data: Uint8Array; readonly dims: readonly number[] };

export interface SessionOptions {
  /** Threads of one operator, 1 or more. */
  readonly threads: number;
  /**
   * Whether weights are kept a second time in the order that products read them; true if not said.
   * Without it a graph takes half the memory, and a tenth more time where products are large.
   */
  readonly prepack?: boolean;
}

export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /**
   * Runs the graph once. Inputs are read in place, so they must not change before the promise
   * settles; only the outputs named in `fetches` are copied out.
   */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
  ): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/**
 * Opens the graph in a file, or one that is given as the bytes of such a file.
 * @throws ModelError `engine` when it cannot be opened as a graph.
 */
export async function openSession(
  model: string | Uint8Array,
  options: SessionOptions,
): Promise<Session> {
  const sessionOptions: InferenceSession.SessionOptions = {
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    executionProviders: ['cpu'],
    graphOptimizationLevel: 'all',
    // Shapes change with every step, so a memory pattern is never reused and only costs.
    enableMemPattern: false,
    // Threads that spin between operators burn the core that the editor, or the other thread, needs:
    // on two busy cores they double the time of a suggestion and of its processor use.
    extra: {
      session: {
        intra_op: { allow_spinning: '0' },
        disable_prepacking: options.prepack === false ? '1' : '0',
        // Has onnxruntime use products that are slower and do not saturate.
        x64quantprecision: (await saturates()) ? '1' : '0',
      },
    },
    // Errors come back as exceptions; warnings about unused outputs are noise on stderr.
    logSeverityLevel: 3,
  };
  const opened =
    typeof model === 'string'
      ? InferenceSession.create(model, sessionOptions)
      : InferenceSession.create(model, sessionOptions);
  const session = await opened.catch((error: unknown) => {
    const message =
      typeof model === 'string'
        ? `The model graph ${model} could not be opened. Delete its folder and import the model again.`
        : 'The engine could not open a graph of its own. Is there memory left?';
    throw new ModelError('engine', message, { cause: error });
  });
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(feeds, fetches) {
      const inputs: Record<string, OrtTensor> = {};
      for (const [name, tensor] of Object.entries(feeds)) inputs[name] = wrap(tensor);
      const outputs = await session.run(inputs, fetches).catch((error: unknown) => {
        throw new ModelError('engine', `The model failed while running: ${String(error)}`, {
          cause: error,
        });
      });
      const result: Record<string, Tensor> = {};
      for (const name of fetches) result[name] = unwrap(name, outputs[name]);
      return result;
    },
    release: () => session.release(),
  };
}

let saturating: Promise<boolean> | undefined;

/**
 * Whether products of 8-bit numbers come out wrong here: x86 processors without VNNI add pairs of them
 * in 16 bits. The engine knows a cure and cannot tell who needs it, so it is tried out, once.
 */
function saturates(): Promise<boolean> {
  saturating ??= tryLargestProduct();
  return saturating;
}

async function tryLargestProduct(): Promise<boolean> {
  const size = 64;
  const b = new GraphBuilder('');
  const activations = b.input('activations', 'uint8', ['M', size]);
  const weights = b.int8Square('weights', new Int8Array(size * size).fill(127));
  b.output('sums', b.op('MatMulInteger', [activations, weights]), 'int32', ['M', size]);
  const model = { irVersion: 10, opsets: { '': 18 }, graph: b.build('saturation') };
  const session = await InferenceSession.create(encodeModel(model), { intraOpNumThreads: 1 });
  // One row and several take different ways through the engine.
  const sums = await Promise.all(
    [1, 8].map(async (rows) => {
      const data = new Uint8Array(rows * size).fill(255);
      return (await session.run({ activations: new OrtTensor('uint8', data, [rows, size]) }))[
        'sums'
      ];
    }),
  );
  await session.release();
  return sums.some((tensor) =>
    (tensor?.data as Int32Array).some((sum) => sum !== size * 255 * 127),
  );
}

function wrap(tensor: Tensor): OrtTensor {
  switch (tensor.type) {
    case 'float32':
      return new OrtTensor('float32', tensor.data, tensor.dims);
    case 'int64':
      return new OrtTensor('int64', tensor.data, tensor.dims);
    case 'int8':
      return new OrtTensor('int8', tensor.data, tensor.dims);
    case 'bool':
      return new OrtTensor('bool', tensor.data, tensor.dims);
  }
}

function unwrap(name: string, value: OrtTensor | undefined): Tensor {
  const data = value?.data;
  if (data instanceof Float32Array) return { type: 'float32', data, dims: value?.dims ?? [] };
  if (data instanceof BigInt64Array) return { type: 'int64', data, dims: value?.dims ?? [] };
  if (data instanceof Int8Array) return { type: 'int8', data, dims: value?.dims ?? [] };
  throw new ModelError('engine', `The graph gave no output '${name}' of a type that Hone reads.`);
}
