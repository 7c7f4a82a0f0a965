import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningApi } from '@testigo/inference-api';
import { shippedBundle } from '@testigo/model';
import { concludeVerdict, fromHex, type Outcome } from '@testigo/trail';
import type { Narrator } from './narrator.ts';
import type { DemoOptions } from './options.ts';
import { fetchEvidence, waitUntilAnchored } from './world/anchored.ts';
import { outcomeOf, runAuditor } from './world/audit.ts';
import { type Registry, startRegistry } from './world/chain.ts';
import { setUpDesk, suggestCommands } from './world/hand-over.ts';
import {
  type Answer,
  loadPictures,
  loadSamplePictures,
  type Picture,
  sendPicture,
} from './world/pictures.ts';
import { requireFreePort } from './world/ports.ts';
import { approveDataset, type PublishedModel, readModel, registerModel } from './world/publish.ts';
import { startService, trustOf } from './world/service.ts';
import { trainModel, writeSamples } from './world/train.ts';

const ANCHOR_TIMEOUT_MS = 60_000;

export interface Ending {
  readonly outcome: Outcome;
  readonly sentence: string;
  readonly api: RunningApi;
  /** How to go on by hand while the services are up. */
  readonly suggestions: readonly string[];
  close(): Promise<void>;
}

const short = (hex: string): string => `${hex.slice(0, 12)}…`;
const percent = (ppm: number): string => `${(ppm / 10_000).toFixed(1)} %`;

const tellAnswer = (answer: Answer): string =>
  answer.kind === 'reading'
    ? `${answer.label} ${percent(answer.confidencePpm)}, record ${short(answer.recordId)}`
    : `no reading: ${answer.title}`;

interface Prepared {
  readonly model: PublishedModel;
  /** The samples of the training data, where the data is at hand. */
  readonly samplesFile?: string;
}

async function prepareModel(options: DemoOptions, dir: string, narrator: Narrator): Promise<Prepared> {
  const { data, epochs, subset } = options;
  if (data === undefined) {
    const model = await narrator.step(
      'model',
      () => readModel(shippedBundle()),
      (m) => `${m.contents.manifest.name}, version ${short(m.modelVersion)}, every digest matches`,
    );
    return { model };
  }
  const [bundleDir, samplesFile] = [join(dir, 'bundle'), join(dir, 'samples.jsonl')];
  const model = await narrator.step(
    'training',
    async () => {
      await trainModel({ data, epochs, subset, out: bundleDir });
      await writeSamples({ data, bundleDir, out: samplesFile });
      return readModel(bundleDir);
    },
    (m) => `${epochs} epochs on ${subset} rows, version ${short(m.modelVersion)}`,
  );
  return { model, samplesFile };
}

async function publish(registry: Registry, model: PublishedModel, narrator: Narrator): Promise<void> {
  await narrator.step(
    'dataset',
    () => approveDataset(registry, model),
    () => `root ${short(model.datasetRoot)} approved on chain by its custodian's signature`,
  );
  await narrator.step(
    'model version',
    () => registerModel(registry, model),
    () => `${short(model.modelVersion)} registered on chain for that dataset`,
  );
}

async function sendAll(api: RunningApi, pictures: readonly Picture[], narrator: Narrator): Promise<string[]> {
  const recordIds: string[] = [];
  for (const picture of pictures) {
    const answer = await narrator.step(
      `picture ${picture.name}`,
      () => sendPicture(api.url, picture),
      tellAnswer,
    );
    if (answer.recordId !== undefined) recordIds.push(answer.recordId);
  }
  if (recordIds.length === 0)
    throw new Error('none of the pictures gave a record: send a picture with one face');
  return recordIds;
}

async function audit(
  given: {
    readonly registry: Registry;
    readonly api: RunningApi;
    readonly prepared: Prepared;
    readonly dir: string;
  },
  recordIds: readonly string[],
  narrator: Narrator,
): Promise<Pick<Ending, 'outcome' | 'sentence' | 'suggestions'>> {
  const { registry, api, dir } = given;
  const { model, samplesFile } = given.prepared;
  const desk = await setUpDesk(dir, registry);
  const { trustFile } = desk;
  const custodianKey = new TextDecoder().decode(model.contents.files.get('custodian.pub')).trim();
  const keys = { custodians: [fromHex(custodianKey, 32)], auditors: [desk.publicKey] };
  await writeFile(trustFile, JSON.stringify(trustOf(registry, api, keys)));
  const outcomes: Outcome[] = [];
  const evidenceOf = (recordId: string) => join(dir, `${recordId}.evidence.json`);
  for (const recordId of recordIds) {
    const file = evidenceOf(recordId);
    await writeFile(file, await fetchEvidence(api.url, recordId, []));
    const args = ['verify', file, '--chain', registry.chain.url, '--trust', trustFile, '--model', model.dir];
    if (samplesFile !== undefined) args.push('--samples', samplesFile);
    const run = await narrator.step(
      `audit ${short(recordId)}`,
      () => runAuditor(args),
      (r) => r.stdout.trim().split('\n').at(-1) ?? '',
    );
    outcomes.push(outcomeOf(run));
  }
  const suggestions = suggestCommands(desk, {
    api: api.url,
    chain: registry.chain.url,
    evidence: evidenceOf(recordIds.at(-1)!),
    model: model.dir,
  });
  return { ...concludeStory(outcomes), suggestions };
}

function concludeStory(outcomes: readonly Outcome[]): { outcome: Outcome; sentence: string } {
  const findings = outcomes.map((outcome, i) => ({
    code: 'audited',
    check: `record ${i}`,
    outcome,
    source: 'testigo-audit',
  }));
  const { outcome } = concludeVerdict(findings);
  const sentences = {
    verified: `All ${outcomes.length} records are in the anchored log, unchanged, and every reading was made by a registered model that was trained on an approved dataset.`,
    failed: `${outcomes.filter((o) => o === 'failed').length} of ${outcomes.length} records are not what they claim to be.`,
    inconclusive: 'The evidence is not complete: nothing is proven either way.',
  };
  return { outcome, sentence: sentences[outcome] };
}

/** The whole story; what it started stays up until the ending is closed. */
export async function tellStory(options: DemoOptions, narrator: Narrator): Promise<Ending> {
  const dir = await mkdtemp(join(tmpdir(), 'testigo-demo-'));
  const closers: (() => Promise<void>)[] = [() => rm(dir, { recursive: true, force: true })];
  const close = async () => {
    while (closers.length > 0) await closers.pop()?.();
  };
  try {
    const pictures =
      options.image.length > 0 ? await loadPictures(options.image) : await loadSamplePictures();
    await requireFreePort(options.port, '--port');
    await requireFreePort(options.chainPort, '--chain-port');
    const prepared = await prepareModel(options, dir, narrator);
    const { model } = prepared;
    const registry = await narrator.step(
      'chain and registry',
      () => startRegistry(options.chainPort),
      (r) => `${r.deployment.address} on chain ${r.deployment.chainId} at ${r.chain.url}`,
    );
    closers.push(() => registry.stop());
    await publish(registry, model, narrator);
    const api = await narrator.step(
      'API',
      () => startService(registry, { dir, bundleDir: model.dir, port: options.port }),
      (a) => a.url,
    );
    closers.push(() => api.close());
    const recordIds = await sendAll(api, pictures, narrator);
    const last = recordIds.at(-1)!;
    await narrator.step(
      'anchor',
      () => waitUntilAnchored(registry, { apiUrl: api.url, recordId: last, timeoutMs: ANCHOR_TIMEOUT_MS }),
      (a) => `the log of ${a.size} records is final on chain, transaction ${short(a.transaction ?? '')}`,
    );
    const audited = await audit({ registry, api, prepared, dir }, recordIds, narrator);
    return { ...audited, api, close };
  } catch (error) {
    await close();
    throw error;
  }
}
