import { existsSync } from 'node:fs';
import { toHex } from '@testigo/trail';
import type { Command } from 'commander';
import { readSigningKey, writeSigningKey } from '../../files/signing-key.ts';
import { type Io, type Run, writeResult } from '../io.ts';

export function addKeyCommand(program: Command, io: Io, run: Run): void {
  program
    .command('key')
    .description(
      'print the public half of an Ed25519 key for --sign-with: others pin it in their trust file; makes the key if there is no such file',
    )
    .argument('<file>', 'secret key, 64 hex digits, for its owner alone')
    .action((path: string) =>
      run(async () => {
        const { publicKey } = existsSync(path) ? await readSigningKey(path) : await writeSigningKey(path);
        await writeResult(io, `${toHex(publicKey)}\n`, undefined);
        return 0;
      }),
    );
}
