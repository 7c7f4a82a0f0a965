import { createBlock } from '@ethereumjs/block';
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common';
import { createTxFromRLP } from '@ethereumjs/tx';
import { bytesToHex, createAddressFromString, hexToBytes } from '@ethereumjs/util';
import { createVM, runTx, type VM } from '@ethereumjs/vm';
import { expect } from 'chai';
import { JsonRpcProvider, Transaction, type TransactionReceipt, Wallet } from 'ethers';
import { deployRegistry, ROLES, type RoleName, signKeyRotation } from '../src/index.ts';
import { type LocalChain, startChain } from '../src/testing/index.ts';
import { ReferenceTree } from './support/merkle.ts';
import {
  approve,
  CHECKPOINT_KEY,
  DATASET,
  digestOf,
  FAR_FUTURE,
  LEAF,
  LOG_ID,
  MODEL,
  ORIGIN,
  REPORT,
  sendBatch,
} from './support/registry.ts';

const tree = ReferenceTree.ofSize(1000);
const GAS_LIMIT = 1_000_000;

type Prefixed = `0x${string}`;

/** Every function of the registry once, anchors of several shapes, and attempts that revert; returns the receipts. */
const runScenario = async (provider: JsonRpcProvider, chain: LocalChain): Promise<TransactionReceipt[]> => {
  const wallet = new Wallet(chain.accounts[0]!.privateKey, provider);
  const registry = await deployRegistry(wallet, { rotationDelaySeconds: 0 });
  const hashes = [registry.deploymentTransaction()!.hash];
  const send = async (sent: Promise<{ hash: string }>): Promise<void> => {
    const { hash } = await sent;
    await provider.waitForTransaction(hash);
    hashes.push(hash);
  };
  for (const role of Object.keys(ROLES) as RoleName[]) await send(registry.grantRole(ROLES[role], wallet));
  await send(approve(registry, wallet));
  await send(registry.registerModel(MODEL, DATASET));
  await send(registry.openLog(ORIGIN, wallet, CHECKPOINT_KEY, 3600));
  let head = 0;
  for (const size of [1, 2, 3, 7, 8, 100, 355, 356, 512, 1000]) {
    const models = [{ modelVersion: MODEL, count: size - head }];
    const consistencyProof = tree.consistency(head, size);
    // Both forms of the call, in turn.
    if (size % 2 === 0) {
      await send(
        sendBatch(registry, { logId: LOG_ID, size, root: tree.root(size), models, consistencyProof }),
      );
    } else {
      await send(registry.anchor(LOG_ID, size, tree.root(size), consistencyProof, [MODEL], [size - head]));
    }
    head = size;
  }
  const anyway = { gasLimit: GAS_LIMIT };
  await send(registry.anchor(LOG_ID, 999, tree.root(999), [], [], [], anyway));
  await send(registry.anchor(LOG_ID, 1001, tree.root(999), tree.consistency(999), [], [], anyway));
  await send(registry.anchor(LOG_ID, 1000, tree.root(1000), [], [], []));
  await send(registry.recordDetection(LEAF, MODEL, DATASET));
  await send(registry.publishVerdict(LEAF, 0, 1, REPORT));
  const next = chain.accounts[1]!;
  const rotation = {
    logId: LOG_ID,
    newKey: next.address,
    newCheckpointKey: digestOf('new'),
    nonce: 0,
    deadline: FAR_FUTURE,
  };
  const signature = await signKeyRotation(wallet, registry, rotation);
  await send(
    registry.scheduleRotation(LOG_ID, next.address, rotation.newCheckpointKey, FAR_FUTURE, signature),
  );
  await send(registry.connect(new Wallet(next.privateKey, provider)).completeRotation(LOG_ID));
  await send(registry.freezeLog(LOG_ID, 'over'));
  await send(registry.revokeModel(MODEL, 'biased'));
  await send(registry.revokeDataset(DATASET, 'poisoned'));
  await send(registry.registerModel(digestOf('later'), DATASET, anyway));
  return Promise.all(hashes.map(async (hash) => (await provider.getTransactionReceipt(hash))!));
};

/** What is compared of a transaction: everything a chain keeps of it. */
type Trace = { gas: bigint; isDone: boolean; logs: { address: string; topics: string[]; data: string }[] };

const traceOf = (receipt: TransactionReceipt): Trace => ({
  gas: receipt.gasUsed,
  isDone: receipt.status === 1,
  logs: receipt.logs.map(({ address, topics, data }) => ({
    address: address.toLowerCase(),
    topics: [...topics],
    data,
  })),
});

const replay = async (vm: VM, provider: JsonRpcProvider, receipt: TransactionReceipt): Promise<Trace> => {
  const block = (await provider.getBlock(receipt.blockNumber))!;
  const sent = Transaction.from((await provider.getTransaction(receipt.hash))!);
  const { common } = vm;
  const { execResult, totalGasSpent } = await runTx(vm, {
    tx: createTxFromRLP(hexToBytes(sent.serialized as Prefixed), { common }),
    block: createBlock(
      {
        header: {
          number: block.number,
          timestamp: block.timestamp,
          gasLimit: block.gasLimit,
          baseFeePerGas: block.baseFeePerGas!,
        },
      },
      { common },
    ),
    skipBalance: true,
  });
  return {
    gas: totalGasSpent,
    isDone: execResult.exceptionError === undefined,
    logs: (execResult.logs ?? []).map(([address, topics, data]) => ({
      address: bytesToHex(address),
      topics: topics.map((topic) => bytesToHex(topic)),
      data: bytesToHex(data),
    })),
  };
};

describe('A second EVM', () => {
  let chain: LocalChain;
  let provider: JsonRpcProvider;

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

  it('runs the same bytecode with the same gas, events and refusals', async () => {
    const receipts = await runScenario(provider, chain);
    const common = createCustomCommon({ chainId: chain.chainId }, Mainnet, { hardfork: Hardfork.Osaka });
    // The first EVM has judged the size already; under --coverage the code is larger than a chain would take.
    const vm = await createVM({ common, evmOpts: { allowUnlimitedContractSize: true } });
    for (const receipt of receipts) {
      expect(await replay(vm, provider, receipt)).to.deep.equal(traceOf(receipt));
    }
    expect(receipts.filter(({ status }) => status === 0)).to.have.length(3);
    const address = receipts[0]!.contractAddress!;
    const code = await vm.stateManager.getCode(createAddressFromString(address));
    expect(bytesToHex(code)).to.equal(await provider.getCode(address));
  });

  it('does not deploy where there is no SHA-256', async () => {
    const wallet = new Wallet(chain.accounts[2]!.privateKey, provider);
    const registry = await deployRegistry(wallet, { rotationDelaySeconds: 0 });
    const receipt = (await registry.deploymentTransaction()!.wait())!;
    const common = createCustomCommon({ chainId: chain.chainId }, Mainnet, { hardfork: Hardfork.Osaka });
    const customPrecompiles = [{ address: createAddressFromString(`0x${'2'.padStart(40, '0')}`) }];
    const evmOpts = { allowUnlimitedContractSize: true, customPrecompiles };
    const vm = await createVM({ common, evmOpts });
    expect((await replay(vm, provider, receipt)).isDone).to.equal(false);
  });
});
