/** Opens a graph that a test has built in memory, in a folder of the test's own. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { type Session, type Tensor, openSession } from '../../src/model/session';
import { encodeModel } from '../../src/onnx/codec';
import type { OnnxGraph } from '../../src/onnx/model';
import { temporaryFolder } from './temporaryFolder';

/** `directory` holds the graph's external weights, where it has any. */
export async function openGraph(
  graph: OnnxGraph,
  directory?: string,
  opset = 18,
): Promise<Session> {
  const file = path.join(directory ?? (await temporaryFolder()), 'test-graph.onnx');
  await writeFile(file, encodeModel({ irVersion: 10, opsets: { '': opset }, graph }));
  const session = await openSession(file, { threads: 1 });
  onTestFinished(() => session.release());
  return session;
}

/** The elements of an output, as plain numbers. */
export function numbersOf(tensor: Tensor | undefined): number[] {
  return tensor === undefined ? [] : Array.from(tensor.data, Number);
}
