/**
 * The tensor types of GGUF files that Hone reads, and how each becomes float32. The block layouts are
 * those of ggml (`ggml-quants.c`); a block holds its values as small integers with one or two
 * float16 scales, the K types with further scales for each 16 or 32 values.
 */

export interface GgmlType {
  readonly name: string;
  /** Values in a block. */
  readonly blockSize: number;
  /** Bytes in a block. */
  readonly blockBytes: number;
  /** Decodes whole blocks; `out` has one place for each value. */
  dequantize(bytes: Uint8Array, out: Float32Array): void;
}

/** Types by their number in the file; a number that is not here is not supported. */
export const ggmlTypes: ReadonlyMap<number, GgmlType> = new Map([
  [0, scalar('F32', 4, (view, at) => view.getFloat32(at, true))],
  [1, scalar('F16', 2, (view, at) => half(view.getUint16(at, true)))],
  [2, blocks('Q4_0', 32, 18, q4_0)],
  [3, blocks('Q4_1', 32, 20, q4_1)],
  [6, blocks('Q5_0', 32, 22, q5_0)],
  [7, blocks('Q5_1', 32, 24, q5_1)],
  [8, blocks('Q8_0', 32, 34, q8_0)],
  [12, blocks('Q4_K', 256, 144, q4_K)],
  [13, blocks('Q5_K', 256, 176, q5_K)],
  [14, blocks('Q6_K', 256, 210, q6_K)],
  [30, scalar('BF16', 2, (view, at) => bfloat(view.getUint16(at, true)))],
]);

/** Reads one block that starts at byte `at` and writes its values from place `to` on. */
type BlockDecoder = (bytes: Uint8Array, at: number, out: Float32Array, to: number) => void;

function blocks(
  name: string,
  blockSize: number,
  blockBytes: number,
  decode: BlockDecoder,
): GgmlType {
  return {
    name,
    blockSize,
    blockBytes,
    dequantize(bytes, out) {
      for (let at = 0, to = 0; to < out.length; at += blockBytes, to += blockSize) {
        decode(bytes, at, out, to);
      }
    },
  };
}

function scalar(
  name: string,
  blockBytes: number,
  read: (view: DataView, at: number) => number,
): GgmlType {
  return {
    name,
    blockSize: 1,
    blockBytes,
    dequantize(bytes, out) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let i = 0; i < out.length; i++) out[i] = read(view, i * blockBytes);
    },
  };
}

/** d (q - 8) */
function q4_0(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = halfAt(bytes, at);
  for (let i = 0; i < 16; i++) {
    const pair = u8(bytes, at + 2 + i);
    out[to + i] = d * ((pair & 15) - 8);
    out[to + i + 16] = d * ((pair >> 4) - 8);
  }
}

/** d q + m */
function q4_1(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = halfAt(bytes, at);
  const m = halfAt(bytes, at + 2);
  for (let i = 0; i < 16; i++) {
    const pair = u8(bytes, at + 4 + i);
    out[to + i] = d * (pair & 15) + m;
    out[to + i + 16] = d * (pair >> 4) + m;
  }
}

/** d (q - 16), the fifth bits of all 32 values together in four bytes. */
function q5_0(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = halfAt(bytes, at);
  for (let i = 0; i < 16; i++) {
    const pair = u8(bytes, at + 6 + i);
    out[to + i] = d * (((pair & 15) | fifthBit(bytes, at + 2, i)) - 16);
    out[to + i + 16] = d * (((pair >> 4) | fifthBit(bytes, at + 2, i + 16)) - 16);
  }
}

/** d q + m */
function q5_1(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = halfAt(bytes, at);
  const m = halfAt(bytes, at + 2);
  for (let i = 0; i < 16; i++) {
    const pair = u8(bytes, at + 8 + i);
    out[to + i] = d * ((pair & 15) | fifthBit(bytes, at + 4, i)) + m;
    out[to + i + 16] = d * ((pair >> 4) | fifthBit(bytes, at + 4, i + 16)) + m;
  }
}

function fifthBit(bytes: Uint8Array, at: number, index: number): number {
  return ((u8(bytes, at + (index >> 3)) >> (index & 7)) & 1) << 4;
}

/** d q */
function q8_0(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = halfAt(bytes, at);
  for (let i = 0; i < 32; i++) out[to + i] = d * i8(bytes, at + 2 + i);
}

/** Eight runs of 32 values: d s q - dmin m, with s and m of six bits. */
function q4_K(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = halfAt(bytes, at);
  const dmin = halfAt(bytes, at + 2);
  for (let run = 0; run < 8; run++) {
    const [scale, min] = scaleAndMin(bytes, at + 4, run);
    const shift = (run & 1) * 4;
    const quants = at + 16 + (run >> 1) * 32;
    for (let i = 0; i < 32; i++) {
      out[to + run * 32 + i] = d * scale * ((u8(bytes, quants + i) >> shift) & 15) - dmin * min;
    }
  }
}

/** As Q4_K, the fifth bit of run r being bit r of byte i. */
function q5_K(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = halfAt(bytes, at);
  const dmin = halfAt(bytes, at + 2);
  for (let run = 0; run < 8; run++) {
    const [scale, min] = scaleAndMin(bytes, at + 4, run);
    const shift = (run & 1) * 4;
    const quants = at + 48 + (run >> 1) * 32;
    for (let i = 0; i < 32; i++) {
      const low = (u8(bytes, quants + i) >> shift) & 15;
      const high = ((u8(bytes, at + 16 + i) >> run) & 1) << 4;
      out[to + run * 32 + i] = d * scale * (low | high) - dmin * min;
    }
  }
}

/** The twelve bytes that pack eight scales and eight minima of six bits each. */
function scaleAndMin(bytes: Uint8Array, at: number, run: number): readonly [number, number] {
  if (run < 4) return [u8(bytes, at + run) & 63, u8(bytes, at + run + 4) & 63];
  const low = u8(bytes, at + run + 4);
  const scale = (low & 15) | ((u8(bytes, at + run - 4) >> 6) << 4);
  const min = (low >> 4) | ((u8(bytes, at + run) >> 6) << 4);
  return [scale, min];
}

/** Sixteen runs of 16 values: d s (q - 32), with s of eight bits and q of four and two bits. */
function q6_K(bytes: Uint8Array, at: number, out: Float32Array, to: number): void {
  const d = halfAt(bytes, at + 208);
  for (let side = 0; side < 2; side++) {
    for (let quarter = 0; quarter < 4; quarter++) {
      const lows = at + side * 64 + (quarter & 1) * 32;
      const highs = at + 128 + side * 32;
      for (let i = 0; i < 32; i++) {
        const low = (u8(bytes, lows + i) >> ((quarter >> 1) * 4)) & 15;
        const high = (u8(bytes, highs + i) >> (quarter * 2)) & 3;
        const scale = i8(bytes, at + 192 + side * 8 + quarter * 2 + (i >> 4));
        out[to + side * 128 + quarter * 32 + i] = d * scale * ((low | (high << 4)) - 32);
      }
    }
  }
}

function u8(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function i8(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24) >> 24;
}

function halfAt(bytes: Uint8Array, at: number): number {
  return half(u8(bytes, at) | (u8(bytes, at + 1) << 8));
}

/** IEEE 754 half precision. */
export function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const scratch = new DataView(new ArrayBuffer(4));

/** The upper half of a float32. */
export function bfloat(bits: number): number {
  scratch.setUint32(0, bits * 0x10000);
  return scratch.getFloat32(0);
}
