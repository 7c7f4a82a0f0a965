export { registryModule as default } from '../../src/deployment/module.ts';
