import type { Finding } from '@testigo/trail';
import { datasetRootIn } from '@testigo/trail';
import { type Command, Option } from 'commander';
import { AuditError } from '../../errors.ts';
import { readText } from '../../files/read-file.ts';
import { readSamples } from '../../files/read-samples.ts';
import { makeFinding } from '../../findings/table.ts';
import { checkVerdict, checkVerdictRows, type SignedVerdict } from '../../publish/signed-verdict.ts';
import type { Trust } from '../../trust/trust-file.ts';
import { checkChain } from '../../verify/check-chain.ts';
import { checkEnvelope } from '../../verify/check-dataset.ts';
import { checkSamples, describeSamples } from '../../verify/check-samples.ts';
import { finishAudit } from '../finish.ts';
import type { Io, Run } from '../io.ts';
import { lookUpFacts } from '../look-up.ts';
import {
  addChainOptions,
  addOutputOptions,
  type ChainOptions,
  type OutputOptions,
  readTrust,
} from '../options.ts';
import { createProgress, type Progress } from '../progress.ts';

const KEY_VARIABLE = 'TESTIGO_AUDITOR_KEY';

interface PublishOptions extends OutputOptions, ChainOptions {
  readonly samples: string;
  readonly manifest: string;
  readonly keyFile?: string;
  readonly revoke?: boolean;
}

export function addPublishCommand(program: Command, io: Io, run: Run): void {
  const command = program
    .command('publish')
    .description('put a signed verdict on a dataset on chain; --revoke withdraws a poisoned dataset')
    .argument('<verdict>', 'signed verdict: testigo-audit dataset --verdict FILE --sign-with KEY')
    .requiredOption(
      '--samples <file>',
      'the samples that were judged: they tie the verdict to the dataset root',
    )
    .requiredOption('--manifest <file>', 'signed dataset manifest (DSSE envelope)')
    .addOption(new Option('--key-file <file>', `account key, 32 bytes in hex; else ${KEY_VARIABLE} is read`))
    .option('--revoke', 'revoke the dataset too, which stops its models; only for a poisoned verdict');
  addOutputOptions(addChainOptions(command)).action((verdict: string, options: PublishOptions) =>
    run(() => publish(io, verdict, options)),
  );
}

async function publish(io: Io, path: string, options: PublishOptions): Promise<number> {
  const [url] = options.chain;
  const trust = await readTrust(options);
  if (url === undefined || trust === undefined)
    throw new AuditError('usage', 'publish needs --chain URL and --trust FILE');
  const secretKey = await readAccountKey(io, options);
  const progress = createProgress(io, options.quiet === true);
  progress.step('checking verdict and samples');
  const before = await checkBefore(io, path, options, trust);
  const { findings, verdict, datasetRoot } = before;
  const isSound = findings.every(({ outcome }) => outcome === 'verified');
  if (isSound && options.revoke === true && verdict?.conclusion !== 'poisoned')
    throw new AuditError('usage', `--revoke is for a poisoned verdict; this one says ${verdict?.conclusion}`);
  const sent =
    isSound && verdict !== undefined
      ? await send(io, url, { options, trust, secretKey, verdict, datasetRoot, progress })
      : [];
  progress.end();
  return finishAudit(io, options, {
    command: 'publish',
    subject: `verdict ${path} on dataset ${datasetRoot}`,
    findings: [...findings, ...sent],
    notChecked: isSound ? [] : ['the chain: nothing is sent while a finding stands against it'],
    verifiedMeans: `The ${verdict?.conclusion} verdict is published on chain${options.revoke === true ? ', and the dataset is revoked' : ''}.`,
  });
}

/** A key on the command line would stand in the shell's history and in every list of processes. */
async function readAccountKey(io: Io, { keyFile }: PublishOptions): Promise<string> {
  const key = keyFile === undefined ? io.env[KEY_VARIABLE] : await readText(keyFile);
  if (key === undefined || key.trim() === '')
    throw new AuditError(
      'key-unreadable',
      `publish needs an account key: --key-file FILE or ${KEY_VARIABLE}`,
    );
  return key;
}

interface Before {
  readonly findings: readonly Finding[];
  readonly verdict?: SignedVerdict;
  readonly datasetRoot: string;
}

/** Everything that must hold before a word goes out: signer, samples, root, registry. */
async function checkBefore(io: Io, path: string, options: PublishOptions, trust: Trust): Promise<Before> {
  const envelope = await readText(options.manifest);
  const signed = checkEnvelope(envelope, undefined, trust, options.manifest);
  const verdict = checkVerdict(await readText(path), trust, path);
  const statement = signed.value?.statement;
  const findings = [...verdict.findings, ...signed.findings];
  if (statement === undefined || verdict.value === undefined) return { findings, datasetRoot: 'unknown' };
  const datasetRoot = datasetRootIn(statement);
  const samples = await readSamples(options.samples, describeSamples(envelope));
  const rows = await digestSamples(options.samples);
  const chain = await lookUpFacts(io, options, trust, { datasetRoot });
  const facts = checkChain(chain, trust);
  return {
    findings: [
      ...findings,
      ...checkSamples(samples, { datasetRoot }, statement),
      checkVerdictRows(verdict.value, rows, options.samples),
      ...facts.findings,
      ...(facts.value !== undefined && facts.value.dataset === undefined
        ? [
            makeFinding('dataset-unapproved', {
              expected: `dataset ${datasetRoot} approved, once at least`,
              seen: 'no such dataset',
              source: `${facts.value.source}, registry: datasetOf`,
            }),
          ]
        : []),
    ],
    verdict: verdict.value,
    datasetRoot,
  };
}

async function digestSamples(path: string): Promise<{ size: number; rowsSha256: string }> {
  const [{ readSamplesCsv }, { digestRows }] = await Promise.all([
    import('../../poisoning/samples-csv.ts'),
    import('../../poisoning/sample-set.ts'),
  ]);
  const set = await readSamplesCsv(path);
  return { size: set.size, rowsSha256: digestRows(set) };
}

interface Sending {
  readonly options: PublishOptions;
  readonly trust: Trust;
  readonly secretKey: string;
  readonly verdict: SignedVerdict;
  readonly datasetRoot: string;
  readonly progress: Progress;
}

async function send(io: Io, url: URL, sending: Sending): Promise<Finding[]> {
  const { options, trust, secretKey, verdict, datasetRoot, progress } = sending;
  const [{ JsonRpc }, { RegistryReader }, { openWallet }, { publishVerdict }] = await Promise.all([
    import('../../chain/json-rpc.ts'),
    import('../../chain/registry-reader.ts'),
    import('../../chain/wallet.ts'),
    import('../../publish/publish-verdict.ts'),
  ]);
  const rpc = new JsonRpc(url, io.signal);
  const wallet = openWallet(rpc, trust.chainId, secretKey);
  return publishVerdict({
    reader: new RegistryReader(rpc, trust.registry),
    wallet,
    verdict,
    datasetRoot,
    fromBlock: trust.deployedAtBlock,
    ...(options.revoke === true && { revocationReason: `poisoned: verdict ${verdict.digest}` }),
    onStep: (text) => progress.step(text),
  });
}
