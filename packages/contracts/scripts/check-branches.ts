// Fails unless the tests took both ways of every conditional jump that the compiler made of a line in contracts/.
// `npm run branches -w packages/contracts`: the tests run on a traced chain first.
import { readdirSync, readFileSync } from 'node:fs';

type Outcomes = Record<string, [passed: number, followed: number]>;
interface Contract {
  readonly evm: { readonly deployedBytecode: { readonly object: string; readonly sourceMap: string } };
}

const root = new URL('..', import.meta.url);
const seen = JSON.parse(readFileSync(new URL('coverage/branches.json', root), 'utf8')) as [
  string,
  Outcomes,
][];

const buildInfos = readdirSync(new URL('artifacts/build-info/', root))
  .filter((name) => name.endsWith('.output.json'))
  .map((name) => {
    const text = readFileSync(new URL(`artifacts/build-info/${name}`, root), 'utf8');
    return JSON.parse(text).output as {
      readonly contracts: Record<string, Record<string, Contract>>;
      readonly sources: Record<string, { readonly id: number }>;
    };
  });

const [PUSH1, PUSH32, JUMPI] = [0x60, 0x7f, 0x57];

/** Where each JUMPI stands, and the how-manieth instruction it is. */
const findJumps = (code: Uint8Array): { readonly pc: number; readonly instruction: number }[] => {
  const jumps: { pc: number; instruction: number }[] = [];
  for (let pc = 0, instruction = 0; pc < code.length; instruction++) {
    const op = code[pc]!;
    if (op === JUMPI) jumps.push({ pc, instruction });
    pc += op >= PUSH1 && op <= PUSH32 ? op - PUSH1 + 2 : 1;
  }
  return jumps;
};

/** The compiler's source map: `start:length:file:…` an instruction, an empty field repeats the one before. */
const readSourceMap = (map: string): { start: number; length: number; file: number }[] => {
  let last = { start: 0, length: 0, file: -1 };
  return map.split(';').map((entry) => {
    const [start, length, file] = entry.split(':');
    last = {
      start: start ? Number(start) : last.start,
      length: length ? Number(length) : last.length,
      file: file ? Number(file) : last.file,
    };
    return last;
  });
};

/** Immutable values are zero in the compiler's output, and nowhere else do the two differ. */
const isSameCode = (deployed: Buffer, compiled: Buffer): boolean =>
  deployed.length === compiled.length &&
  deployed.every((byte, at) => byte === compiled[at] || compiled[at] === 0);

interface Branch {
  readonly where: string;
  readonly outcomes: [passed: number, followed: number];
}
const branches = new Map<string, Branch>();

for (const { contracts, sources } of buildInfos) {
  const names = new Map(Object.entries(sources).map(([name, { id }]) => [id, name]));
  for (const { evm } of Object.values(contracts).flatMap((byName) => Object.values(byName))) {
    const compiled = Buffer.from(evm.deployedBytecode.object, 'hex');
    if (compiled.length === 0) continue;
    const runs = seen.filter(([code]) => isSameCode(Buffer.from(code.slice(2), 'hex'), compiled));
    if (runs.length === 0) continue;
    const map = readSourceMap(evm.deployedBytecode.sourceMap);
    for (const { pc, instruction } of findJumps(compiled)) {
      const { start, length, file } = map[instruction] ?? { start: 0, length: 0, file: -1 };
      const name = /^project\/(contracts\/.*)$/.exec(names.get(file) ?? '')?.[1];
      if (!name) continue;
      const source = readFileSync(new URL(name, root));
      const line = source.subarray(0, start).toString().split('\n').length;
      const text = source
        .subarray(start, start + length)
        .toString()
        .split('\n')[0]!
        .trim();
      const key = `${name}:${start}:${length}`;
      const branch = branches.get(key) ?? {
        where: `${name}:${line}  ${text}`,
        outcomes: [0, 0] as [number, number],
      };
      branches.set(key, branch);
      for (const [, outcomes] of runs) {
        branch.outcomes[0] += outcomes[pc]?.[0] ?? 0;
        branch.outcomes[1] += outcomes[pc]?.[1] ?? 0;
      }
    }
  }
}

/*
 * Checks that no input can fail: the compiler writes them where it does not see why. An index is below the length of its
 * array; an enum was checked when it was decoded; the SHA-256 precompile fails only for want of gas, and then so does the
 * call.
 */
const NEVER_FAIL: ReadonlySet<string> = new Set([
  'contracts/MerkleLog.sol  proof[i]',
  'contracts/MerkleLog.sol  if iszero(staticcall(gas(), 0x02, buffer, 0x41, 0x00, 0x20)) {',
  'contracts/registry/Anchors.sol  modelVersions[i]',
  'contracts/registry/Anchors.sol  counts[i]',
  'contracts/registry/Logs.sol  sha256(bytes(origin))',
  'contracts/TestigoRegistry.sol  VerdictPublished(subject, outcome, msg.sender, kind, reportDigest)',
]);

const ways = [...branches.values()].flatMap(({ outcomes }) => outcomes);
const isOneWay = ({ outcomes }: Branch): boolean => outcomes.includes(0);
const isExpected = ({ where, outcomes }: Branch): boolean =>
  outcomes[1] > 0 && NEVER_FAIL.has(where.replace(/:\d+/, ''));
const oneWay = [...branches.values()].filter((branch) => isOneWay(branch) && !isExpected(branch));
const expected = [...branches.values()].filter((branch) => isOneWay(branch) && isExpected(branch));
process.stdout.write(
  `${ways.filter((count) => count > 0).length} of ${ways.length} ways of ${branches.size} conditional jumps taken; ` +
    `${expected.length} more belong to checks that no input can fail\n`,
);
for (const { where, outcomes } of oneWay) process.stdout.write(`  ${outcomes.join('/')}  ${where}\n`);
if (branches.size === 0 || oneWay.length > 0) process.exitCode = 1;
