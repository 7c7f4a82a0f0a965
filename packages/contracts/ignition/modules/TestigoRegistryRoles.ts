export { registryWithRolesModule as default } from '../../src/deployment/module.ts';
