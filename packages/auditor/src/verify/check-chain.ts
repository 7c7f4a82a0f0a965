import type { Finding } from '@testigo/trail';
import type { ChainAnswer, RegistryFacts } from '../chain/facts.ts';
import { makeFinding } from '../findings/table.ts';
import type { Trust } from '../trust/trust-file.ts';
import type { Checked } from './checked.ts';

/**
 * Is it the pinned registry on the pinned chain that answers? Only then do its facts count for anything. What they call
 * final is what every provider calls final: one alone could invent an anchor in a block that the others do not have yet.
 */
export function checkChain(answer: ChainAnswer, trust: Trust | undefined): Checked<RegistryFacts> {
  if (answer.status === 'not-given') {
    return { findings: [makeFinding('chain-not-given', { source: 'command line: --chain' })] };
  }
  if (answer.status === 'not-pinned' || trust === undefined) {
    const source = 'command line: --trust';
    return { findings: [makeFinding('registry-unpinned', { expected: 'a pinned registry', source })] };
  }
  if (answer.status === 'unreachable') {
    return { findings: [makeFinding('chain-unreachable', { seen: answer.reason, source: answer.source })] };
  }
  const problem = [answer.facts, ...answer.others].map((facts) => checkPins(facts, trust)).find(Boolean);
  if (problem !== undefined) return { findings: [problem] };
  const disagreement = answer.others.map((other) => findDisagreement(answer.facts, other)).find(Boolean);
  if (disagreement !== undefined) return { findings: [disagreement] };
  const finalBlock = Math.min(answer.facts.finalBlock, ...answer.others.map((other) => other.finalBlock));
  return { findings: [], value: { ...answer.facts, finalBlock } };
}

function checkPins(facts: RegistryFacts, trust: Trust): Finding | undefined {
  const { source } = facts;
  if (facts.chainId !== trust.chainId) {
    return makeFinding('chain-other', {
      expected: `chain ${trust.chainId}`,
      seen: `chain ${facts.chainId}`,
      source,
    });
  }
  if (facts.codeHash === undefined) {
    const expected = `code ${trust.codeHash} at 0x${trust.registry}`;
    return makeFinding('registry-absent', { expected, seen: 'no code', source });
  }
  if (facts.codeHash !== trust.codeHash) {
    return makeFinding('registry-code-mismatch', { expected: trust.codeHash, seen: facts.codeHash, source });
  }
  return undefined;
}

/** What two honest providers must agree on: everything up to the older of their two final blocks. */
function findDisagreement(a: RegistryFacts, b: RegistryFacts): Finding | undefined {
  const final = Math.min(a.finalBlock, b.finalBlock);
  const view = (facts: RegistryFacts) => ({
    anchors: facts.anchors
      .filter((anchor) => anchor.blockNumber <= final)
      .map(
        ({ size, root, blockNumber, blockHash, counts = [] }) =>
          `${size} ${root} in block ${blockNumber} ${blockHash} with ${JSON.stringify([...counts])}`,
      ),
    model: facts.model === undefined ? 'no model' : JSON.stringify(facts.model),
    dataset: facts.dataset === undefined ? 'no dataset' : JSON.stringify(facts.dataset),
  });
  const [seenA, seenB] = [view(a), view(b)];
  for (const key of ['anchors', 'model', 'dataset'] as const) {
    const [expected, seen] = [String(seenA[key]), String(seenB[key])];
    if (expected !== seen) {
      const source = `${a.source} against ${b.source}: ${key}`;
      return makeFinding('chain-providers-disagree', { expected, seen, source });
    }
  }
  return undefined;
}
