import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { parseCount } from '../cli/options.ts';

export type PoisoningOptions = {
  readonly samples?: string;
  readonly manifest?: string;
  readonly root?: string;
  readonly evidence?: string;
  readonly reserve?: string;
  readonly threads: number;
  readonly verdict?: string;
  readonly signWith?: string;
  readonly prove?: string;
};

export function addPoisoningOptions(command: Command): Command {
  return command
    .option('--evidence <file>', 'what a network said about the samples: testigo-model evidence')
    .option('--reserve <file>', 'signed clean reserve that calibrates the p-values')
    .option(
      '--threads <n>',
      'worker threads; the verdict is the same for any number',
      parseCount,
      availableParallelism(),
    )
    .option('--verdict <file>', 'write the verdict: canonical JSON, or a signed envelope with --sign-with')
    .option('--sign-with <file>', 'Ed25519 secret key, 64 hex digits, that signs the verdict')
    .option('--prove <row>', 'print the proof that a row is flagged, or that it is not');
}

/** Samples without a claim to compare them with, or with evidence to judge them by. */
export function isPoisoningAudit(options: PoisoningOptions): boolean {
  if (options.samples === undefined) return false;
  const isClaim = options.manifest !== undefined || options.root !== undefined;
  const asked = [options.evidence, options.reserve, options.verdict, options.prove];
  return !isClaim || asked.some((option) => option !== undefined);
}
