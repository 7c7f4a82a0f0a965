import { expect, test } from 'vitest';
import { fromFloat16, packFloat16, toFloat16, unpackFloat16 } from './float16.ts';

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

test('tensors survive packing', () => {
  const tensors = [Float32Array.of(0.5, -2), Float32Array.of(3)];
  expect(unpackFloat16(packFloat16(tensors), [2, 1])).toEqual(tensors);
});
