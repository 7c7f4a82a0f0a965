import { signDsse } from '@testigo/trail';
import type { Command } from 'commander';
import { AuditError } from '../../errors.ts';
import { readText } from '../../files/read-file.ts';
import { readSigningKey } from '../../files/signing-key.ts';
import { type Io, type Run, writeResult } from '../io.ts';

interface ReserveOptions {
  readonly samples: string;
  readonly rows: string;
  readonly signWith: string;
  readonly output?: string;
}

export function addReserveCommand(program: Command, io: Io, run: Run): void {
  program
    .command('reserve')
    .description(
      'sign samples that somebody looked at and found right: a clean reserve for dataset --reserve',
    )
    .requiredOption('--samples <file>', 'FER-2013 CSV that the rows are of')
    .requiredOption('--rows <file>', 'the rows, one a line: numbers from 0, or ids as dataset reports them')
    .requiredOption('--sign-with <file>', 'Ed25519 secret key, 64 hex digits, of a custodian')
    .option('--output <file>', 'write the signed reserve to a file instead of stdout')
    .action((options: ReserveOptions) => run(() => signReserve(io, options)));
}

async function signReserve(io: Io, options: ReserveOptions): Promise<number> {
  const { secretKey } = await readSigningKey(options.signWith);
  const lines = (await readText(options.rows)).split('\n').map((line) => line.trim());
  const [{ readSamplesCsv }, { encodeReserve, RESERVE_PAYLOAD_TYPE }] = await Promise.all([
    import('../../poisoning/samples-csv.ts'),
    import('../../poisoning/clean-reserve.ts'),
  ]);
  const set = await readSamplesCsv(options.samples);
  const rows = parseRows(lines, set.size, options.rows);
  const envelope = signDsse(RESERVE_PAYLOAD_TYPE, encodeReserve(set, rows), secretKey);
  await writeResult(io, `${JSON.stringify(envelope)}\n`, options.output);
  return 0;
}

function parseRows(lines: readonly string[], size: number, source: string): number[] {
  const rows = new Set<number>();
  for (const [at, line] of lines.entries()) {
    if (line === '') continue;
    if (!/^\d{1,10}$/.test(line) || Number(line) >= size) {
      const detail = `${source}, line ${at + 1}: ${JSON.stringify(line)} is not a row from 0 to ${size - 1}`;
      throw new AuditError('reserve-invalid', detail);
    }
    rows.add(Number(line));
  }
  if (rows.size === 0) throw new AuditError('reserve-invalid', `${source} names no row`);
  return [...rows].sort((a, b) => a - b);
}
