import { expect } from 'chai';
import type { Filter, Log, Provider } from 'ethers';
import { readLogs } from '../src/index.ts';
import { allSizes, codeOf, collect, deployWithHistory } from './support/history.ts';
import { ethers, networkHelpers } from './support/registry.ts';

/** The real chain behind a node that refuses wide ranges, or fails now and then. */
const behind = (refuse: (span: number, call: number) => Error | undefined) => {
  const spans: number[] = [];
  const provider = {
    getLogs: async (filter: Filter): Promise<Log[]> => {
      const span = Number(filter.toBlock) - Number(filter.fromBlock) + 1;
      spans.push(span);
      const refusal = refuse(span, spans.length);
      if (refusal) throw refusal;
      return ethers.provider.getLogs(filter);
    },
  } as Provider;
  return { provider, spans };
};

describe('readLogs', () => {
  const load = () => networkHelpers.loadFixture(deployWithHistory);
  const pauses: number[] = [];
  const options = { sleep: async (ms: number) => void pauses.push(ms) };

  const readAnchors = async (provider: Provider, maxBlocks?: number) => {
    const { registry } = await load();
    const filter = {
      address: await registry.getAddress(),
      topics: registry.interface.encodeFilterTopics('Anchored', []),
    };
    const last = await ethers.provider.getBlockNumber();
    const pages = await collect(
      readLogs(provider, filter, 0, last, maxBlocks === undefined ? options : { ...options, maxBlocks }),
    );
    return pages.flat().map((log) => Number(registry.interface.parseLog(log)?.args.size));
  };

  it('halves the range until the node answers, and loses nothing', async () => {
    for (const limit of [1, 2, 3, 7]) {
      const { provider } = behind((span) =>
        span > limit ? new Error('query returned too many results') : undefined,
      );
      expect(await readAnchors(provider)).to.deep.equal(allSizes);
    }
  });

  it('widens the range again after a refusal', async () => {
    const { provider, spans } = behind((_, call) =>
      call <= 2 ? new Error('block range too wide') : undefined,
    );
    await readAnchors(provider, 16);
    expect(spans.slice(0, 5)).to.deep.equal([16, 8, 4, 8, 16]);
  });

  it('goes on after a passing failure of the connection', async () => {
    const failure = Object.assign(new Error('gone'), { code: 'ECONNRESET' });
    const { provider } = behind((_, call) => (call <= 3 ? failure : undefined));
    expect(await readAnchors(provider)).to.deep.equal(allSizes);
  });

  it('gives up rather than leave a gap', async () => {
    const unreachable = behind(() => Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    expect(await readAnchors(unreachable.provider).catch(codeOf)).to.equal('query-failed');
    expect(unreachable.spans).to.have.length(4);
    const broken = behind((span) => (span === 1 ? new Error('internal error') : new Error('too wide')));
    expect(await readAnchors(broken.provider).catch(codeOf)).to.equal('query-failed');
  });
});
