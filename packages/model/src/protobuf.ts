/**
 * As much of Protocol Buffers' wire format as writing ONNX and TensorBoard files needs
 * (https://protobuf.dev/programming-guides/encoding): varints, length-delimited fields, fixed32 and fixed64.
 */
const encoder = new TextEncoder();

const varint = (value: number | bigint): number[] => {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return bytes;
};

export const concatBytes = (parts: readonly Uint8Array[]): Uint8Array => {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};

export const integerField = (field: number, value: number | bigint): Uint8Array =>
  Uint8Array.from([...varint(field << 3), ...varint(value)]);

export const bytesField = (field: number, value: Uint8Array | string): Uint8Array => {
  const bytes = typeof value === 'string' ? encoder.encode(value) : value;
  return concatBytes([Uint8Array.from([...varint((field << 3) | 2), ...varint(bytes.length)]), bytes]);
};

export const floatField = (field: number, value: number): Uint8Array => {
  const out = new Uint8Array(5);
  out[0] = (field << 3) | 5;
  new DataView(out.buffer).setFloat32(1, value, true);
  return out;
};

export const doubleField = (field: number, value: number): Uint8Array => {
  const out = new Uint8Array(9);
  out[0] = (field << 3) | 1;
  new DataView(out.buffer).setFloat64(1, value, true);
  return out;
};

export const message = (...fields: readonly Uint8Array[]): Uint8Array => concatBytes(fields);
