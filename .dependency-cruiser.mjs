// The one-way import graph of ARCHITECTURE.md. A writer and its verifier share `trail` and nothing else:
// an auditor that ran the audited program's code would prove nothing.
const only = (from, allowed) => ({
  name: `${from}-imports-only-${allowed.join('-and-') || 'nothing-of-ours'}`,
  severity: 'error',
  from: { path: `^packages/${from}/`, pathNot: '\\.test\\.ts$|/test/' },
  to: {
    path: '^(packages|demo)/',
    pathNot: [`^packages/${from}/`, ...allowed.map((p) => `^packages/${p}/`)],
  },
});

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    only('trail', []),
    only('contracts', []),
    only('model', ['trail']),
    only('inference-api', ['trail', 'model', 'contracts']),
    only('auditor', ['trail', 'contracts']),
    {
      name: 'resolvable',
      comment: 'an import that does not resolve is an import that no other rule has checked',
      severity: 'error',
      from: { pathNot: '/dist/' },
      to: { couldNotResolve: true, pathNot: 'generated' },
    },
    {
      name: 'trail-is-pure',
      comment: 'trail runs in a browser: no node builtins',
      severity: 'error',
      from: { path: '^packages/trail/src', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'auditor-never-loads-tensorflow',
      severity: 'error',
      from: { path: '^packages/auditor' },
      to: { path: 'node_modules/@tensorflow' },
    },
  ],
  options: {
    // dist is not followed but stays a target: an import of another package resolves to its dist.
    doNotFollow: { path: 'node_modules|/dist/' },
    exclude: { path: '/generated/|/artifacts/' },
    tsPreCompilationDeps: true,
    // dependency-cruiser reads TypeScript 7 only through swc.
    parser: 'swc',
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
