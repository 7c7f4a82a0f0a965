import { setTimeout as sleep } from 'node:timers/promises';
import { concludeVerdict, type Finding, fromHex, toHex } from '@testigo/trail';
import type { Command } from 'commander';
import type { RegistryReader } from '../../chain/registry-reader.ts';
import { AuditError } from '../../errors.ts';
import { readText } from '../../files/read-file.ts';
import { cosign, newWitnessSigner } from '../../log/cosignature.ts';
import { baseOf, nameOf, TileSource } from '../../trail/tile-source.ts';
import type { Trust } from '../../trust/trust-file.ts';
import { checkChain } from '../../verify/check-chain.ts';
import { type Look, lookAtLog } from '../../watch/look-at-log.ts';
import { readState, remember } from '../../watch/state-file.ts';
import { finishAudit } from '../finish.ts';
import { type Io, type Run, writeResult } from '../io.ts';
import { lookUpFacts } from '../look-up.ts';
import {
  addChainOptions,
  addOutputOptions,
  type ChainOptions,
  type OutputOptions,
  parsePause,
  readTrust,
} from '../options.ts';

interface WatchOptions extends OutputOptions, ChainOptions {
  readonly log: string;
  readonly state: string;
  readonly once?: boolean;
  readonly interval: number;
  readonly witnessName?: string;
  readonly witnessKey?: string;
  readonly cosigned?: string;
}

export function addWatchCommand(program: Command, io: Io, run: Run): void {
  const command = program
    .command('watch')
    .description(
      'monitor a log: alarm when it forks, shrinks, falls silent or is frozen; cosign it as a witness',
    )
    .requiredOption('--log <location>', 'URL or folder of the log (C2SP tlog-tiles)')
    .requiredOption('--state <file>', 'what this monitor has seen; made on the first run')
    .option('--once', 'one look, one report, one exit code')
    .option('--interval <seconds>', 'pause between looks', parsePause, 60)
    .option('--witness-name <name>', 'name under which to cosign (C2SP tlog-cosignature)')
    .option('--witness-key <file>', 'Ed25519 secret key of the witness, 32 bytes in hex')
    .option('--cosigned <file>', 'where to write the cosigned checkpoint');
  addOutputOptions(addChainOptions(command)).action((options: WatchOptions) => run(() => watch(io, options)));
}

async function watch(io: Io, options: WatchOptions): Promise<number> {
  const trust = await readTrust(options);
  const witness = await readWitness(options);
  for (;;) {
    const look = await lookOnce(io, options, trust, witness);
    if (options.once === true) return report(io, options, look);
    const { outcome } = concludeVerdict(look.findings);
    const codes = look.findings
      .filter((finding) => finding.outcome !== 'verified')
      .map((finding) => finding.code);
    const line = { at: io.now().toISOString(), outcome, size: look.checkpoint?.size, codes };
    const text =
      `${line.at} ${outcome.toUpperCase()} ${line.size ?? '-'} records ${codes.join(' ')}`.trimEnd();
    await writeResult(io, `${options.format === 'json' ? JSON.stringify(line) : text}\n`, undefined);
    await sleep(options.interval * 1000, undefined, { signal: io.signal });
  }
}

interface Witness {
  readonly name: string;
  readonly secretKey: Uint8Array;
  readonly output: string;
}

async function readWitness({
  witnessName,
  witnessKey,
  cosigned,
}: WatchOptions): Promise<Witness | undefined> {
  if (witnessName === undefined && witnessKey === undefined && cosigned === undefined) return undefined;
  if (witnessName === undefined || witnessKey === undefined || cosigned === undefined) {
    throw new AuditError('usage', 'a witness needs --witness-name, --witness-key and --cosigned');
  }
  const text = (await readText(witnessKey)).trim();
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new AuditError('file-unreadable', `${witnessKey} does not hold 32 bytes in hex`);
  return { name: witnessName, secretKey: fromHex(text), output: cosigned };
}

async function lookOnce(
  io: Io,
  options: WatchOptions,
  trust: Trust | undefined,
  witness: Witness | undefined,
): Promise<Look> {
  const state = await readState(options.state);
  const chain = await openRegistries(io, options, trust);
  const source = new TileSource(baseOf(options.log));
  const seen = await lookAtLog(source, trust, chain.registries, (origin) => state[origin]);
  const look: Look = {
    ...seen,
    findings:
      chain.registries.length > 0
        ? seen.findings
        : [...chain.findings, ...seen.findings.filter((f) => f.code !== 'chain-not-given')],
  };
  const { checkpoint, text } = look;
  // Stale and frozen logs can still be followed; a fork must never move what this monitor holds the log to.
  const isSound = !look.findings.some((finding) => MUST_NOT_ADVANCE.has(finding.code));
  if (checkpoint === undefined || text === undefined || !isSound) return look;
  if (!look.findings.some((finding) => finding.code === 'checkpoint-signed')) return look;
  // Before the signature leaves: a witness that forgot could sign a fork after a crash.
  const { origin, size, root } = checkpoint;
  await remember(options.state, origin, state[origin], { size, root: toHex(root) });
  if (witness !== undefined) {
    const signer = newWitnessSigner(witness.name, witness.secretKey, Math.floor(io.now().getTime() / 1000));
    await writeResult(io, cosign(text, signer), witness.output);
  }
  return look;
}

const MUST_NOT_ADVANCE = new Set([
  'watch-forked',
  'watch-anchor-forked',
  'watch-rolled-back',
  'watch-behind',
  'watch-proof-missing',
]);

async function openRegistries(
  io: Io,
  options: WatchOptions,
  trust: Trust | undefined,
): Promise<{ readonly findings: readonly Finding[]; readonly registries: readonly RegistryReader[] }> {
  const answer = await lookUpFacts(io, options, trust, {});
  const checked = checkChain(answer, trust);
  if (checked.value === undefined || trust === undefined)
    return { findings: checked.findings, registries: [] };
  const [{ JsonRpc }, { RegistryReader: Reader }] = await Promise.all([
    import('../../chain/json-rpc.ts'),
    import('../../chain/registry-reader.ts'),
  ]);
  const registries = options.chain.map((url) => new Reader(new JsonRpc(url, io.signal), trust.registry));
  return { findings: [], registries };
}

function report(io: Io, options: WatchOptions, look: Look): Promise<number> {
  return finishAudit(io, options, {
    command: 'watch',
    subject: `log ${look.checkpoint?.origin ?? nameOf(options.log)}`,
    findings: look.findings,
    notChecked: ['the records themselves: testigo-audit trail'],
    verifiedMeans: `The log of ${look.checkpoint?.size ?? 0} records is one history, as seen before and as anchored, and it is alive.`,
  });
}
