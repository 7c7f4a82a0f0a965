// One real world for the end-to-end tests: a chain, a registry, an API with anchored records, and the files an
// auditor would be given.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EvidenceBundle, encodeEvidenceBundle, parseEvidenceBundle } from '@testigo/trail';
import { fetchEvidence, waitUntilAnchored } from '../src/world/anchored.ts';
import { type AuditRun, runAuditor } from '../src/world/audit.ts';
import { type Registry, startRegistry } from '../src/world/chain.ts';
import { loadSamplePictures, sendPicture } from '../src/world/pictures.ts';
import { approveDataset, type PublishedModel, readModel, registerModel } from '../src/world/publish.ts';
import { startService, trustOf } from '../src/world/service.ts';

const ANCHOR_TIMEOUT_MS = 60_000;

export interface World {
  readonly dir: string;
  readonly registry: Registry;
  readonly model: PublishedModel;
  readonly apiUrl: string;
  readonly recordIds: readonly string[];
  readonly trustFile: string;
  /** Waits until the anchor over a record is final. */
  anchor(recordId: string): Promise<void>;
  /** A reading's bundle discloses what it read. */
  evidenceOf(recordId: string, disclose?: readonly string[]): Promise<EvidenceBundle>;
  /** Runs `testigo-audit verify --format json` on a bundle, with options that replace the usual ones. */
  verify(bundle: EvidenceBundle, replaced?: VerifyOptions): Promise<AuditRun>;
  /** A copy of the model bundle with one file changed. */
  tamperedModel(file: string, change: (bytes: Uint8Array) => void): Promise<string>;
  close(): Promise<void>;
}

export interface VerifyOptions {
  readonly chain?: string;
  readonly model?: string;
  readonly samples?: string;
  readonly record?: string;
}

export interface Given {
  readonly bundleDir: string;
  readonly custodian: Uint8Array;
}

/** A world whose model is registered and has read the sample pictures. */
export async function createWorld(given: Given): Promise<World> {
  const world = await startWorld(given, registerModel);
  const recordIds: string[] = [];
  for (const picture of await loadSamplePictures()) {
    const answer = await sendPicture(world.apiUrl, picture);
    if (answer.kind === 'reading') recordIds.push(answer.recordId);
  }
  await world.anchor(recordIds.at(-1)!);
  return { ...world, recordIds };
}

/** A world without a record; `prepare` brings the model to the chain, where the approved dataset is already. */
export async function startWorld(given: Given, prepare?: typeof registerModel): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'testigo-e2e-'));
  const model = await readModel(given.bundleDir);
  const registry = await startRegistry(0);
  await approveDataset(registry, model);
  await prepare?.(registry, model);
  const api = await startService(registry, { dir, bundleDir: model.dir, port: 0 });
  const trustFile = join(dir, 'trust.json');
  await writeFile(trustFile, JSON.stringify(trustOf(registry, api, { custodians: [given.custodian] })));
  let copies = 0;
  return {
    dir,
    registry,
    model,
    apiUrl: api.url,
    recordIds: [],
    trustFile,
    anchor: async (recordId) => {
      await waitUntilAnchored(registry, { apiUrl: api.url, recordId, timeoutMs: ANCHOR_TIMEOUT_MS });
    },
    evidenceOf: async (recordId, disclose = ['label', 'scores']) =>
      parseEvidenceBundle(new TextEncoder().encode(await fetchEvidence(api.url, recordId, disclose))),
    verify: async (bundle, replaced = {}) => {
      const file = join(dir, `evidence-${++copies}.json`);
      await writeFile(file, encodeEvidenceBundle(bundle));
      const options = { chain: registry.chain.url, model: model.dir, trust: trustFile, ...replaced };
      const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
      return runAuditor(['verify', file, ...flags, '--format', 'json']);
    },
    tamperedModel: async (file, change) => {
      const copy = join(dir, `model-${++copies}`);
      await cp(model.dir, copy, { recursive: true });
      const bytes = await readFile(join(copy, file));
      change(bytes);
      await writeFile(join(copy, file), bytes);
      return copy;
    },
    close: async () => {
      await api.close();
      await registry.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The finding codes of a JSON report that ended as `outcome`. */
export function codesOf(run: AuditRun, outcome: string): string[] {
  const report = JSON.parse(run.stdout) as { findings: readonly { code: string; outcome: string }[] };
  return report.findings.filter((finding) => finding.outcome === outcome).map((finding) => finding.code);
}
