export * from './errors.ts';
export * from './queries/audit.ts';
export * from './queries/events.ts';
export * from './queries/find.ts';
export * from './queries/logs.ts';
export * from './queries/time.ts';
export * from './registry.ts';
export * from './signatures.ts';
