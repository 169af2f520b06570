/** Float32 values that a fixture keeps as hexadecimal, little-endian. */
export function floatsOfHex(hex: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(hex, 'hex')).buffer);
}
