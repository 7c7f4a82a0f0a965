import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createLocalKeyWrapper } from './key-wrapper.ts';

describe('the local key wrapper', () => {
  const [oldKek, newKek, key] = [randomBytes(32), randomBytes(32), new Uint8Array(randomBytes(32))];

  it('unwraps what it wrapped, for the same context only', async () => {
    const wrapper = createLocalKeyWrapper(newKek);
    const wrapped = await wrapper.wrap(key, 'session a');
    expect(new Uint8Array(await wrapper.unwrap(wrapped, 'session a'))).toEqual(key);
    await expect(wrapper.unwrap(wrapped, 'session b')).rejects.toThrow();
    for (let at = 0; at < wrapped.length; at++) {
      const bent = new Uint8Array(wrapped);
      bent[at]! ^= 1;
      await expect(wrapper.unwrap(bent, 'session a')).rejects.toThrow();
    }
  });

  it('goes on unwrapping under a retired key, and not once that is destroyed', async () => {
    const wrapped = await createLocalKeyWrapper(oldKek).wrap(key, 'session');
    const rotated = createLocalKeyWrapper(newKek, [oldKek]);
    expect(new Uint8Array(await rotated.unwrap(wrapped, 'session'))).toEqual(key);
    const rewrapped = await rotated.wrap(key, 'session');
    const after = createLocalKeyWrapper(newKek);
    expect(new Uint8Array(await after.unwrap(rewrapped, 'session'))).toEqual(key);
    await expect(after.unwrap(wrapped, 'session')).rejects.toThrow();
  });
});
