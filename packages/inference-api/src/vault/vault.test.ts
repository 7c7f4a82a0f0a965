import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLocalKeyWrapper } from '../privacy/key-wrapper.ts';
import { readOrCreateKey } from './key-file.ts';
import { payloadKeyOf, seal, unseal } from './seal.ts';
import { createSubjectKeys } from './subject-keys.ts';

const key = new Uint8Array(32).fill(3);
const plain = new TextEncoder().encode('a reading');

describe('seal', () => {
  it('opens to what was sealed, under its key and context only', () => {
    const sealed = seal(key, 'here', plain);
    expect(new Uint8Array(unseal(key, 'here', sealed))).toEqual(plain);
    expect(() => unseal(key, 'elsewhere', sealed)).toThrow();
    expect(() => unseal(new Uint8Array(32), 'here', sealed)).toThrow();
  });

  it('notices a change of any byte, and truncation', () => {
    const sealed = seal(key, 'here', plain);
    for (let i = 0; i < sealed.length; i++) {
      const changed = Uint8Array.from(sealed, (byte, at) => (at === i ? byte ^ 1 : byte));
      expect(() => unseal(key, 'here', changed)).toThrow();
      expect(() => unseal(key, 'here', sealed.subarray(0, i))).toThrow();
    }
  });

  it('never gives the same bytes twice, and payloads a key of their own', () => {
    expect(seal(key, 'here', plain)).not.toEqual(seal(key, 'here', plain));
    expect(payloadKeyOf(key)).not.toEqual(key);
  });
});

describe('subject keys', () => {
  it('are bound to their session and their master key', async () => {
    const keys = createSubjectKeys(createLocalKeyWrapper(key));
    const made = await keys.create('a'.repeat(32));
    expect(new Uint8Array(await keys.open('a'.repeat(32), made.wrapped))).toEqual(made.key);
    await expect(keys.open('b'.repeat(32), made.wrapped)).rejects.toThrow();
    const stranger = createSubjectKeys(createLocalKeyWrapper(new Uint8Array(32)));
    await expect(stranger.open('a'.repeat(32), made.wrapped)).rejects.toThrow();
  });
});

describe('readOrCreateKey', () => {
  it('makes a key once, for the owner only', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'testigo-key-')), 'key');
    const made = readOrCreateKey(undefined, file);
    expect(readOrCreateKey(undefined, file)).toEqual(made);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
    expect(readOrCreateKey('07'.repeat(32), file)).toEqual(new Uint8Array(32).fill(7));
  });
});
