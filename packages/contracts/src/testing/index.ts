export * from './chain.ts';
export * from './deploy.ts';
