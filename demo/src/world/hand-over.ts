import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyPairOf } from '@testigo/trail';
import type { Registry } from './chain.ts';

/** What somebody needs to go on auditing by hand while the story's services are up. */
export interface AuditorsDesk {
  readonly trustFile: string;
  /** Ed25519 key that signs verdicts; its public half is pinned. */
  readonly signingKeyFile: string;
  readonly publicKey: Uint8Array;
  /** Key of the account that may publish verdicts. */
  readonly accountKeyFile: string;
}

/** Writes the auditor's two keys. The account is one of the local chain's, which everybody knows. */
export async function setUpDesk(dir: string, registry: Registry): Promise<AuditorsDesk> {
  const secretKey = randomBytes(32);
  const [signingKeyFile, accountKeyFile] = [join(dir, 'auditor.key'), join(dir, 'auditor-account.key')];
  await writeFile(signingKeyFile, `${secretKey.toString('hex')}\n`, { mode: 0o600 });
  await writeFile(accountKeyFile, `${registry.actors.auditor.privateKey}\n`, { mode: 0o600 });
  const { publicKey } = keyPairOf(new Uint8Array(secretKey));
  return { trustFile: join(dir, 'trust.json'), signingKeyFile, publicKey, accountKeyFile };
}

/** Commands to go on with, for another terminal in the repository's folder. */
export function suggestCommands(
  desk: AuditorsDesk,
  at: {
    readonly api: string;
    readonly chain: string;
    readonly evidence: string;
    readonly model: string;
  },
): string[] {
  const pins = `--chain ${at.chain} --trust ${desk.trustFile}`;
  return [
    `npx testigo-audit trail --log ${at.api} ${pins}`,
    `npx testigo-audit verify ${at.evidence} --model ${at.model} ${pins} --format html --output report.html`,
    `npx testigo-audit query ${pins}`,
  ];
}
