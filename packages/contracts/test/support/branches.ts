import { writeFileSync } from 'node:fs';

interface Provider {
  request(args: { readonly method: string; readonly params?: unknown }): Promise<unknown>;
}

interface Step {
  readonly pc: number;
  readonly op: string;
  readonly depth: number;
}

/** How often each JUMPI of a contract's code was passed by, and followed. */
type Outcomes = Record<number, [passed: number, followed: number]>;

const CALLS: ReadonlySet<string> = new Set(['eth_call', 'eth_estimateGas', 'eth_sendTransaction']);
const OPTIONS = { disableStorage: true, disableStack: true, disableMemory: true };

/**
 * Watches a Hardhat chain: traces every call and transaction that goes to it and notes which way each conditional jump of
 * the called contract went. Hardhat's own coverage counts statements only; this is what `npm run branches` reads.
 */
export const watchBranches = (provider: Provider, file: string): void => {
  const ask = provider.request.bind(provider);
  /** By the contract's code, as hex. */
  const seen = new Map<string, Outcomes>();

  const note = (code: string, steps: readonly Step[]): void => {
    const outcomes = seen.get(code) ?? {};
    seen.set(code, outcomes);
    steps.forEach(({ pc, op, depth }, at) => {
      if (op !== 'JUMPI' || depth !== 1) return;
      outcomes[pc] ??= [0, 0];
      outcomes[pc][steps[at + 1]?.pc === pc + 1 ? 0 : 1]++;
    });
  };

  const trace = async (method: string, params: readonly unknown[], answer: unknown): Promise<void> => {
    const [call] = params as [{ readonly to?: string }];
    if (!call.to) return;
    const code = (await ask({ method: 'eth_getCode', params: [call.to, 'latest'] })) as string;
    const question =
      method === 'eth_sendTransaction'
        ? { method: 'debug_traceTransaction', params: [answer, OPTIONS] }
        : { method: 'debug_traceCall', params: [call, 'latest', OPTIONS] };
    note(code, ((await ask(question)) as { structLogs: Step[] }).structLogs);
  };

  provider.request = async (args) => {
    if (!CALLS.has(args.method)) return ask(args);
    const params = args.params as readonly unknown[];
    // A call that reverts tells most of all: it is traced before its error goes on.
    if (args.method !== 'eth_sendTransaction') await trace(args.method, params, undefined);
    const answer = await ask(args);
    if (args.method === 'eth_sendTransaction') await trace(args.method, params, answer);
    return answer;
  };
  process.on('exit', () => writeFileSync(file, JSON.stringify([...seen])));
};
