import { buildModule } from '@nomicfoundation/hardhat-ignition/modules';
import { DEFAULT_DELAYS, ROLES, type RoleName } from '../registry.ts';

/** The registry alone; its administrator (by default the deployer) grants the roles. */
export const registryModule = buildModule('TestigoRegistry', (m) => {
  const registry = m.contract('TestigoRegistry', [
    m.getParameter('admin', m.getAccount(0)),
    m.getParameter('adminDelaySeconds', DEFAULT_DELAYS.adminDelaySeconds),
    m.getParameter('rotationDelaySeconds', DEFAULT_DELAYS.rotationDelaySeconds),
  ]);
  return { registry };
});

/** The registry with one holder for each role; the deployer must be the administrator. */
export const registryWithRolesModule = buildModule('TestigoRegistryRoles', (m) => {
  const { registry } = m.useModule(registryModule);
  for (const role of Object.keys(ROLES) as RoleName[]) {
    m.call(registry, 'grantRole', [ROLES[role], m.getParameter(role, m.getAccount(0))], {
      id: `grant_${role}`,
    });
  }
  return { registry };
});
