import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeFolder } from '../log/testing.ts';
import { listFiles, scanForResidue } from './residual-scan.ts';

describe('the residual scan', () => {
  let folder: ReturnType<typeof makeFolder>;
  const secret = { name: 'key', bytes: randomBytes(32) };
  beforeEach(() => {
    folder = makeFolder();
  });
  afterEach(() => folder.remove());

  const scan = (content: Uint8Array | string) => {
    const file = join(folder.path, 'file');
    writeFileSync(file, content);
    return scanForResidue([file], [secret]);
  };

  it('finds a secret in any form, at any offset, whole or in part', () => {
    for (const shift of [0, 1, 2, 3, 4_999_999]) {
      const noise = randomBytes(shift);
      expect(scan(Buffer.concat([noise, secret.bytes])).map(({ form }) => form)).toContain('raw');
    }
    expect(scan(`{"key":"${secret.bytes.toString('hex')}"}`)[0]?.form).toBe('hex');
    expect(scan(`KEY=${secret.bytes.toString('hex').toUpperCase()}`)[0]?.form).toBe('hex');
    for (const before of ['', 'a', 'ab']) {
      const text = Buffer.concat([Buffer.from(before), secret.bytes, Buffer.from('tail')]).toString('base64');
      expect(scan(text)[0]?.form).toBe('base64');
    }
    expect(scan(Buffer.concat([randomBytes(100), secret.bytes.subarray(0, 24)]))).not.toEqual([]);
    expect(scan(Buffer.concat([randomBytes(100), secret.bytes.subarray(9)]))).not.toEqual([]);
  });

  it('finds a secret on the border of two chunks', () => {
    const border = 4 * 1024 * 1024;
    for (const before of [0, 1, 16, 31, 32]) {
      expect(scan(Buffer.concat([Buffer.alloc(border - before), secret.bytes]))).not.toEqual([]);
    }
  });

  it('finds nothing in noise, nor in nothing', () => {
    expect(scan(randomBytes(3_000_000))).toEqual([]);
    expect(scan('')).toEqual([]);
  });

  it('refuses a secret too short to be told from chance', () => {
    expect(() => scanForResidue([], [{ name: 'label', bytes: Buffer.from('happy') }])).toThrow(RangeError);
  });

  it('finds what a database keeps of a deleted row, and nothing once it is really gone', () => {
    const long = { name: 'payload', bytes: randomBytes(20_000) };
    mkdirSync(join(folder.path, 'data'));
    const database = new DatabaseSync(join(folder.path, 'data', 'state.db'));
    database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, value BLOB)');
    const insert = database.prepare('INSERT INTO t (value) VALUES (?)');
    insert.run(long.bytes);
    insert.run(secret.bytes);
    for (let row = 0; row < 50; row++) insert.run(randomBytes(500));
    const scanAll = () => scanForResidue(listFiles(folder.path), [long, secret]);
    const names = (found: ReturnType<typeof scanAll>) =>
      [...new Set(found.map(({ secret: name }) => name))].sort();
    expect(names(scanAll())).toEqual(['key', 'payload']);
    database.exec('DELETE FROM t WHERE id <= 2');
    expect(names(scanAll())).toEqual(['key', 'payload']);
    database.exec('PRAGMA secure_delete = ON; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
    expect(scanAll()).toEqual([]);
    database.close();
  });
});
