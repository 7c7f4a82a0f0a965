import type { FindingEntry } from './entry.ts';
import { FINDINGS, type FindingCode } from './table.ts';

const OUTCOMES = ['failed', 'inconclusive', 'verified'] as const;

/** docs/findings.md, from the table: the one place where a finding is described. */
export function documentFindings(): string {
  const entries = Object.entries(FINDINGS) as [FindingCode, FindingEntry][];
  const checks = [...new Set(entries.map(([, entry]) => entry.check))];
  const sections = checks.map((check) => {
    const ofCheck = entries.filter(([, entry]) => entry.check === check);
    const ordered = OUTCOMES.flatMap((outcome) => ofCheck.filter(([, entry]) => entry.outcome === outcome));
    return `## ${check}\n\n${ordered.map(([code, entry]) => documentFinding(code, entry)).join('\n')}`;
  });
  return `${INTRODUCTION}\n${sections.join('\n')}`;
}

const INTRODUCTION = `# Findings of \`testigo-audit\`

Generated from the findings table; change that, then run \`npm run docs -w packages/auditor\`. \`testigo-audit explain CODE\`
prints an entry. A code keeps its meaning for good, so scripts may match on it.

A verdict is *failed* if any finding failed, *verified* only if there is at least one finding and all are verified, and
*inconclusive* otherwise. Exit codes: 0 verified, 1 failed, 2 usage, 3 inconclusive, 130 interrupted.
`;

function documentFinding(code: string, { outcome, title, meaning, next }: FindingEntry): string {
  return `### ${code}\n\n*${outcome}*: ${title}. ${meaning}${next === undefined ? '' : `\n\nNext: ${next}`}\n`;
}

/** One entry for a terminal. */
export function explainFinding(code: FindingCode): string {
  const { check, outcome, title, meaning, next }: FindingEntry = FINDINGS[code];
  const lines = [`${code} (${outcome}, check: ${check})`, '', `${title}.`, meaning];
  return `${[...lines, ...(next === undefined ? [] : ['', `Next: ${next}`])].join('\n')}\n`;
}

/** Codes that a reader may have meant: those that share the most letter pairs. */
export function suggestCodes(text: string, limit = 3): FindingCode[] {
  const pairsOf = (word: string) =>
    new Set(Array.from({ length: Math.max(0, word.length - 1) }, (_, i) => word.slice(i, i + 2)));
  const wanted = pairsOf(text.toLowerCase());
  const scored = (Object.keys(FINDINGS) as FindingCode[]).map((code) => {
    const pairs = pairsOf(code);
    const shared = [...pairs].filter((pair) => wanted.has(pair)).length;
    return { code, score: shared / (pairs.size + wanted.size) };
  });
  const close = scored.filter(({ score }) => score > 0.2).sort((a, b) => b.score - a.score);
  return close.slice(0, limit).map(({ code }) => code);
}
