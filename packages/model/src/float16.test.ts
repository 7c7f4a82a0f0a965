import { expect, test } from 'vitest';
import { decodeHalves, encodeHalves, fromFloat16, packFloat16, toFloat16, unpackFloat16 } from './float16.ts';

test('every finite half is its own conversion', () => {
  for (let half = 0; half < 0x10000; half++) {
    if ((half & 0x7c00) === 0x7c00) continue;
    expect(toFloat16(fromFloat16(half))).toBe(half);
  }
});

test('rounds to nearest, ties to even', () => {
  expect(fromFloat16(toFloat16(1 + 1 / 2048))).toBe(1);
  expect(fromFloat16(toFloat16(1 + 3 / 2048))).toBe(1 + 2 / 1024);
  expect(fromFloat16(toFloat16(70000))).toBe(Number.POSITIVE_INFINITY);
  expect(fromFloat16(toFloat16(-1e-9))).toBe(-0);
});

test('arrays of them round-trip, and round as single ones do', () => {
  const all = Uint8Array.from({ length: 0x7c00 * 2 }, (_, i) => (i & 1 ? (i >> 1) >> 8 : (i >> 1) & 255));
  expect(encodeHalves(decodeHalves(all))).toEqual(all);
  const values = [1 + 2 ** -11, 1 + 3 * 2 ** -11, -65519, 65520, 2 ** -25, 2 ** -24 * 1.5, 0.1, Number.NaN];
  expect([...decodeHalves(encodeHalves(Float32Array.from(values)))]).toEqual([
    1,
    1 + 2 ** -9,
    -65504,
    Number.POSITIVE_INFINITY,
    0,
    2 ** -23,
    0.0999755859375,
    Number.NaN,
  ]);
});

test('tensors survive packing', () => {
  const tensors = [Float32Array.of(0.5, -2), Float32Array.of(3)];
  expect(unpackFloat16(packFloat16(tensors), [2, 1])).toEqual(tensors);
});
