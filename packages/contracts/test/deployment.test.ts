import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { JsonRpcProvider, keccak256, Wallet } from 'ethers';
import {
  codeHashOf,
  connectRegistry,
  deployRegistry,
  logIdOf,
  ROLES,
  type RoleName,
  revertOf,
} from '../src/index.ts';
import { deployToChain, type LocalChain, startChain } from '../src/testing/index.ts';
import { codeOf } from './support/history.ts';
import { ReferenceTree } from './support/merkle.ts';
import { digestOf } from './support/registry.ts';

const tree = ReferenceTree.ofSize(10);

describe('A chain of its own', () => {
  let chain: LocalChain;
  let provider: JsonRpcProvider;
  const account = (index: number) => chain.accounts[index]!;
  const wallet = (index: number) => new Wallet(account(index).privateKey, provider);

  before(async () => {
    chain = await startChain();
    provider = new JsonRpcProvider(chain.url, undefined, {
      staticNetwork: true,
      cacheTimeout: -1,
      pollingInterval: 50,
    });
  });
  after(async () => {
    provider.destroy();
    await chain.stop();
  });

  it('answers over JSON-RPC with funded accounts', async () => {
    expect(Number((await provider.getNetwork()).chainId)).to.equal(chain.chainId);
    expect(await provider.getBalance(account(19).address)).to.be.greaterThan(0n);
    expect(chain.accounts.map(({ privateKey }) => new Wallet(privateKey).address)).to.deep.equal(
      chain.accounts.map(({ address }) => address),
    );
  });

  it('refuses a port that is taken, and frees its own', async () => {
    expect(await startChain({ port: chain.port }).catch(codeOf)).to.equal('port-taken');
    const other = await startChain({ chainId: 1337 });
    await other.stop();
    const again = await startChain({ port: other.port, chainId: 1337 });
    expect([again.port, again.chainId]).to.deep.equal([other.port, 1337]);
    await again.stop();
  });

  it('mines by the clock when asked to', async () => {
    const slow = await startChain({ blockIntervalMs: 50 });
    const remote = new JsonRpcProvider(slow.url, undefined, { staticNetwork: true, pollingInterval: 20 });
    const sender = new Wallet(slow.accounts[0]!.privateKey, remote);
    const sent = await sender.sendTransaction({ to: sender.address });
    expect((await sent.wait())?.blockNumber).to.be.greaterThan(0);
    remote.destroy();
    await slow.stop();
  });

  it('takes a deployment through Ignition, roles included, and tells what a trust file needs', async () => {
    const recorder = account(3).address;
    const options = { privateKey: account(0).privateKey, rotationDelaySeconds: 60, roles: { recorder } };
    const deployment = await deployToChain(chain.url, options);
    const registry = connectRegistry(deployment.address, provider);
    for (const role of Object.keys(ROLES) as RoleName[]) {
      const holder = role === 'recorder' ? recorder : account(0).address;
      expect(await registry.hasRole(ROLES[role], holder)).to.equal(true);
    }
    expect(await registry.hasRole(ROLES.recorder, account(0).address)).to.equal(false);
    expect(await registry.defaultAdmin()).to.equal(account(0).address);
    expect(await registry.rotationDelaySeconds()).to.equal(60n);
    expect(deployment.codeHash).to.equal(keccak256(await provider.getCode(deployment.address)));
    expect(deployment.chainId).to.equal(chain.chainId);
    expect(await provider.getCode(deployment.address, deployment.blockNumber)).to.equal('0x');
  });

  it('resumes a deployment from its journal instead of deploying twice', async () => {
    const journalDir = await mkdtemp(join(tmpdir(), 'testigo-test-'));
    const options = { privateKey: account(1).privateKey, adminDelaySeconds: 5, journalDir };
    const first = await deployToChain(chain.url, options);
    const sent = await provider.getTransactionCount(account(1).address);
    const second = await deployToChain(chain.url, options);
    expect(second.address).to.equal(first.address);
    expect(await provider.getTransactionCount(account(1).address)).to.equal(sent);
    expect(await readdir(journalDir)).to.deep.equal(['deployments']);
    await rm(journalDir, { recursive: true });
  });

  it('takes a deployment in one transaction', async () => {
    const registry = await deployRegistry(wallet(4));
    expect(await registry.defaultAdmin()).to.equal(account(4).address);
    const other = await deployRegistry(wallet(4), {
      admin: account(5).address,
      adminDelaySeconds: 7,
      rotationDelaySeconds: 8,
    });
    expect(await other.defaultAdmin()).to.equal(account(5).address);
    expect([await other.defaultAdminDelay(), await other.rotationDelaySeconds()]).to.deep.equal([7n, 8n]);
  });

  it('has no code hash where there is no contract', async () => {
    expect(await codeHashOf(provider, account(9).address).catch(codeOf)).to.equal('no-contract');
  });

  it('names the registry’s own error behind a refused call', async () => {
    const admin = wallet(6);
    const registry = await deployRegistry(admin);
    await (await registry.grantRole(ROLES.operator, admin)).wait();
    await (await registry.openLog('a.example/log', admin, digestOf('key'), 60)).wait();
    const logId = logIdOf('a.example/log');
    await (await registry.anchor(logId, 5, tree.root(5), [], [], [])).wait();
    const refused = await registry.anchor(logId, 4, tree.root(4), [], [], []).catch(revertOf);
    expect(refused).to.deep.equal({ name: 'HeadWouldShrink', args: { logId, headSize: 5n, size: 4n } });
    expect(revertOf(new Error('something else'))).to.equal(undefined);
    const foreign = Object.assign(new Error('x'), { code: 'CALL_EXCEPTION', data: '0x12345678' });
    expect(revertOf(foreign)).to.equal(undefined);
    expect(revertOf(Object.assign(new Error('x'), { code: 'CALL_EXCEPTION', data: null }))).to.equal(
      undefined,
    );
  });
});
