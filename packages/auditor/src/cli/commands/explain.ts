import type { Command } from 'commander';
import { AuditError } from '../../errors.ts';
import { explainFinding, suggestCodes } from '../../findings/document.ts';
import { FINDINGS, isFindingCode } from '../../findings/table.ts';
import { type Io, type Run, writeResult } from '../io.ts';

export function addExplainCommand(program: Command, io: Io, run: Run): void {
  program
    .command('explain')
    .description('say what a finding means and what to do next; without a code, list all')
    .argument('[code]', 'code of a finding, as in docs/findings.md')
    .action((code: string | undefined) => run(() => explain(io, code)));
}

async function explain(io: Io, code: string | undefined): Promise<number> {
  if (code === undefined) {
    const lines = Object.entries(FINDINGS).map(
      ([name, { outcome, title }]) => `${name.padEnd(34)}${outcome.padEnd(14)}${title}`,
    );
    await writeResult(io, `${lines.join('\n')}\n`, undefined);
    return 0;
  }
  if (!isFindingCode(code)) {
    const meant = suggestCodes(code);
    const hint = meant.length > 0 ? `; did you mean ${meant.join(' or ')}?` : '';
    throw new AuditError('finding-unknown', `no finding has the code ${code}${hint}`);
  }
  await writeResult(io, explainFinding(code), undefined);
  return 0;
}
