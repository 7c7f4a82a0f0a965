import { expect } from 'chai';
import { ZeroHash } from 'ethers';
import { OUTCOMES, ROLES, type RoleName, SUBJECTS } from '../src/index.ts';
import { deployWithRoles, LEAF, networkHelpers, REPORT } from './support/registry.ts';

describe('Roles', () => {
  const load = () => networkHelpers.loadFixture(deployWithRoles);

  it('have the ids that the bindings name', async () => {
    const { registry } = await load();
    const onChain: Record<RoleName, string> = {
      custodian: await registry.CUSTODIAN_ROLE(),
      publisher: await registry.PUBLISHER_ROLE(),
      operator: await registry.OPERATOR_ROLE(),
      recorder: await registry.RECORDER_ROLE(),
      auditor: await registry.AUDITOR_ROLE(),
      guardian: await registry.GUARDIAN_ROLE(),
    };
    expect(onChain).to.deep.equal(ROLES);
  });

  it('are granted and revoked by the administrator alone', async () => {
    const { registry, admin, guardian, stranger } = await load();
    for (const caller of [guardian, stranger]) {
      await expect(
        registry.connect(caller).grantRole(ROLES.guardian, stranger),
      ).to.be.revertedWithCustomError(registry, 'AccessControlUnauthorizedAccount');
    }
    await registry.connect(admin).revokeRole(ROLES.guardian, guardian);
    expect(await registry.hasRole(ROLES.guardian, guardian)).to.equal(false);
  });

  it('change their administrator in two steps and after the delay', async () => {
    const { registry, admin, stranger } = await load();
    await registry.connect(admin).beginDefaultAdminTransfer(stranger);
    await expect(registry.connect(stranger).acceptDefaultAdminTransfer()).to.be.revertedWithCustomError(
      registry,
      'AccessControlEnforcedDefaultAdminDelay',
    );
    await networkHelpers.time.increase(await registry.defaultAdminDelay());
    await registry.connect(stranger).acceptDefaultAdminTransfer();
    expect(await registry.defaultAdmin()).to.equal(stranger.address);
  });
});

describe('publishVerdict', () => {
  const load = () => networkHelpers.loadFixture(deployWithRoles);

  it('publishes what an audit concluded', async () => {
    const { registry, auditor } = await load();
    for (const outcome of Object.values(OUTCOMES)) {
      for (const kind of Object.values(SUBJECTS)) {
        await expect(registry.connect(auditor).publishVerdict(LEAF, kind, outcome, REPORT))
          .to.emit(registry, 'VerdictPublished')
          .withArgs(LEAF, outcome, auditor, kind, REPORT);
      }
    }
  });

  it('refuses a stranger and zero digests', async () => {
    const { registry, auditor, stranger } = await load();
    await expect(registry.connect(stranger).publishVerdict(LEAF, 0, 0, REPORT))
      .to.be.revertedWithCustomError(registry, 'AccessControlUnauthorizedAccount')
      .withArgs(stranger, ROLES.auditor);
    for (const [subject, report] of [
      [ZeroHash, REPORT],
      [LEAF, ZeroHash],
    ] as const) {
      await expect(
        registry.connect(auditor).publishVerdict(subject, 0, 0, report),
      ).to.be.revertedWithCustomError(registry, 'DigestIsZero');
    }
  });
});
