/** Colours by what they are for. Light is what is printed; text on each ground reads at 4.5:1 or better (WCAG 2.2, 1.4.3). */
export const LIGHT = {
  page: '#ffffff',
  ink: '#16202c',
  soft: '#36414f',
  muted: '#556070',
  rule: '#d5dae1',
  line: '#8792a1',
  path: '#1f4e8c',
  'fill-sibling': '#f4f5f7',
  'fill-path': '#e8f0fb',
  'fill-proven': '#dff2e7',
  'fill-unproven': '#fbe3e1',
  verified: '#1a7f4b',
  failed: '#b3261e',
  inconclusive: '#8a5a00',
} as const;

export const DARK: Record<keyof typeof LIGHT, string> = {
  page: '#14181d',
  ink: '#e6eaef',
  soft: '#c3cad3',
  muted: '#9aa5b3',
  rule: '#343c46',
  line: '#77828f',
  path: '#7fb2f0',
  'fill-sibling': '#22282f',
  'fill-path': '#1c2f47',
  'fill-proven': '#173626',
  'fill-unproven': '#472120',
  verified: '#5cc98f',
  failed: '#ff8a80',
  inconclusive: '#e0ad4b',
};

/** Share of the verdict's colour in the ground it stands on, per cent. */
export const TINT_PERCENT = 8;

const declare = (palette: Record<keyof typeof LIGHT, string>): string =>
  Object.entries(palette)
    .map(([name, colour]) => `--${name}: ${colour};`)
    .join(' ');

// No script, no font, no picture from elsewhere: what an auditor files must still open in ten years, and must not
// tell anybody that it was opened.
export const STYLE = `
@page { size: A4; margin: 16mm 15mm 18mm; }
:root { color-scheme: light; ${declare(LIGHT)} }
@media screen and (prefers-color-scheme: dark) { :root { color-scheme: dark; ${declare(DARK)} } }
.verified { --c: var(--verified); } .failed { --c: var(--failed); } .inconclusive { --c: var(--inconclusive); }
body { font: 10.5pt/1.45 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; color: var(--ink); background: var(--page); max-width: 180mm; margin: 0 auto; padding: 8mm 4mm; overflow-wrap: anywhere; }
@media print { body { padding: 0; max-width: none; } }
h1 { font-size: 17pt; margin: 0 0 1mm; } h2 { font-size: 12.5pt; margin: 8mm 0 2.5mm; break-after: avoid; }
.sub { color: var(--muted); margin: 0 0 5mm; }
.verdict { border: 0; border-left: 5px solid var(--c); background: color-mix(in srgb, var(--c) ${TINT_PERCENT}%, var(--page)); padding: 4mm 5mm; break-inside: avoid; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.verdict b { color: var(--c); font-size: 13pt; letter-spacing: .03em; display: block; margin-bottom: 1mm; }
.mono, code, dd { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: 8.5pt; }
svg { width: 100%; height: auto; display: block; break-inside: avoid; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
svg text { font: 11px system-ui, Arial, sans-serif; fill: var(--ink); } svg .mono { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: 10px; } svg .note { fill: var(--muted); }
svg line, svg path { stroke: var(--line); fill: none; } svg .time { stroke-width: 2; } svg .path { stroke: var(--path); stroke-width: 2; }
svg circle { fill: var(--page); stroke: var(--path); stroke-width: 2.5; } svg rect { stroke: var(--line); }
.fill-sibling { fill: var(--fill-sibling); } .fill-path { fill: var(--fill-path); } .fill-proven { fill: var(--fill-proven); } .fill-unproven { fill: var(--fill-unproven); }
.finding { border-top: 1px solid var(--rule); padding: 2.5mm 0; break-inside: avoid; }
/* the footer never stands alone on a page */
.finding:last-of-type { break-after: avoid; }
.finding h3 { font-size: 10.5pt; margin: 0 0 .5mm; } .finding p { margin: .5mm 0 1mm; color: var(--soft); }
.tag, td b { color: var(--c); } .tag { font-weight: 600; }
dl { display: grid; grid-template-columns: 19mm 1fr; gap: .4mm 2mm; margin: 0; } dt { color: var(--muted); font-size: 8.5pt; } dd { margin: 0; }
table { border-collapse: collapse; } td, th { padding: .8mm 3mm; text-align: right; font-variant-numeric: tabular-nums; } th { font-weight: 500; color: var(--soft); }
tbody th, .counts td:first-child { text-align: left; } tbody tr { border-top: 1px solid var(--rule); } .zero { color: var(--muted); }
footer { break-before: avoid; margin-top: 9mm; color: var(--muted); font-size: 8.5pt; border-top: 1px solid var(--rule); padding-top: 2mm; }`;
