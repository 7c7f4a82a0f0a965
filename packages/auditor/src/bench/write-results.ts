import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { TOOL_VERSION } from '../cli/version.ts';
import type { Rate } from './measure.ts';
import { drawRocSvg } from './roc-svg.ts';
import type { BenchResult } from './run-bench.ts';

export type BenchConditions = { readonly threads: number; readonly verified?: Uint8Array };

/** results.json with its origin, and one SVG of ROC curves a case. */
export async function writeBenchFolder(
  folder: string,
  result: BenchResult,
  { threads, verified }: BenchConditions,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const { curves, ...measured } = result;
  const origin = {
    type: 'testigo-poison-bench',
    version: 1,
    tool: TOOL_VERSION,
    machine: `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.versions.node}`,
    threads,
    ...(verified === undefined
      ? { negatives: 'every row that was not poisoned' }
      : {
          negatives: `${verified.reduce((sum, mark) => sum + mark, 0)} rows known to be right, where not poisoned`,
          verifiedSha256: createHash('sha256').update(verified).digest('hex'),
        }),
  };
  await writeFile(join(folder, 'results.json'), `${JSON.stringify({ ...origin, ...measured }, null, 1)}\n`);
  for (const [name, lines] of Object.entries(curves)) {
    await writeFile(join(folder, `${name}.svg`), drawRocSvg(name, lines));
  }
}

export function formatBenchTable(result: BenchResult): string {
  const header = `${'case'.padEnd(24)}${'score'.padEnd(25)}AUROC   TPR at 1 % FPR        TPR at 5 % FPR        P@100  poisoned\n`;
  const lines = result.rows.map(
    (row) =>
      `${row.case.padEnd(24)}${row.detector.padEnd(25)}${floor3(row.areaUnderRoc).padEnd(8)}` +
      `${formatRate(row.tprAt1).padEnd(22)}${formatRate(row.tprAt5).padEnd(22)}${floor3(row.precisionAt100.share).padEnd(7)}` +
      `${row.calledPoisoned}/${row.seeds}\n`,
  );
  return header + lines.join('');
}

function formatRate(rate: Rate): string {
  return `${floor3(rate.share)} [${floor3(rate.low)}, ${floor3(rate.high)}]`;
}

/** Cut, never rounded up. */
function floor3(value: number): string {
  return Number.isNaN(value) ? '-' : (Math.floor(value * 1000 + 1e-9) / 1000).toFixed(3);
}
