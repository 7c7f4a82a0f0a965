export * from './registry.ts';
export * from './signatures.ts';
