import type { InputProfile } from '@testigo/model';
import type { Express } from 'express';
import type { AnchoringEngine } from './anchoring/engine.ts';
import { type ApiKeys, createApiKeys } from './auth/api-keys.ts';
import { type Authenticate, createAuthenticator } from './auth/authenticate.ts';
import { computeBuildDigest } from './build-digest.ts';
import type { ApiConfig } from './config.ts';
import { createApi } from './http/create-api.ts';
import { createIdempotency } from './http/idempotency.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { presentDetection } from './http/routes/detections.ts';
import type { ReplicaRole } from './http/routes/health.ts';
import type { TransparencyLog } from './log/log.ts';
import type { Logger } from './logging.ts';
import type { Metrics } from './metrics.ts';
import { createLocalKeyWrapper } from './privacy/key-wrapper.ts';
import { createDetectionService } from './reading/detection-service.ts';
import type { EmotionReader } from './reading/read-emotion.ts';
import type { AnchoringView } from './records/anchoring-view.ts';
import type { Provenance } from './records/drafts.ts';
import { createLedger, type Ledger } from './records/ledger.ts';
import type { ModelArchive, ModelEvidence } from './records/model-archive.ts';
import { createPseudonyms } from './records/pseudonym.ts';
import { createRefuser } from './records/refuse.ts';
import { createStandOnChain } from './records/stand-on-chain.ts';
import type { RegistryWatch } from './registry/registry-watch.ts';
import { createRightsService } from './rights/rights-service.ts';
import { createSessionService } from './sessions/session-service.ts';
import type { Database } from './state/database.ts';
import { createSqlState } from './state/sql-state.ts';
import { openDoors } from './streams/doors.ts';
import type { StreamServer } from './streams/stream-server.ts';
import { createSubjectKeys } from './vault/subject-keys.ts';
import type { Dispatcher } from './webhooks/dispatcher.ts';
import type { WebhookStore } from './webhooks/webhook-store.ts';
import { openWebhooks } from './webhooks-setup.ts';

/** What a process opens once, whatever part it plays. */
export type ServiceBase = {
  readonly config: ApiConfig;
  readonly logger: Logger;
  readonly reader: EmotionReader;
  /** Of the face detector, for the context of a reading. */
  readonly detectorName: string;
  readonly labels: readonly string[];
  /** Of the model's training pictures, where its bundle has one. */
  readonly inputProfile: InputProfile | undefined;
  readonly model: Omit<Provenance, 'policy' | 'build'>;
  readonly registry: RegistryWatch;
  readonly modelEvidence: ModelEvidence;
  readonly metrics: Metrics;
  readonly masterKey: Uint8Array;
  readonly now: () => number;
  readonly isDraining: () => boolean;
};

/** What the service reads from and records into, for as long as it may. */
export type Stores = {
  readonly log: TransparencyLog;
  readonly db: Database;
  readonly anchoring: AnchoringView;
  readonly models: ModelArchive;
  /** Where this process anchors. */
  readonly engine?: AnchoringEngine | undefined;
  /** Where several processes share the stores. */
  readonly replica?: ReplicaRole;
};

export type Service = {
  readonly app: Express;
  readonly log: TransparencyLog;
  readonly engine: AnchoringEngine | undefined;
  readonly apiKeys: ApiKeys;
  readonly authenticate: Authenticate;
  readonly ledger: Ledger;
  /** Sends what is owed: started, and stopped, in the one process that writes the log. */
  readonly webhookDispatcher: Dispatcher;
  readonly webhookStore: WebhookStore;
  readonly streams: StreamServer;
};

/** Settles what the process or the replica before this one left open. Run once, before anything is recorded. */
export const recoverService = async ({ ledger }: Service, logger: Logger): Promise<void> => {
  const recovered = await ledger.recover();
  if (recovered.confirmed + recovered.dropped + recovered.owed > 0)
    logger.warn({ testigo: { recovered } }, 'settled what a crash had left open');
};

/** The service over these stores: everything in it that records does so through them and nothing else. */
export const createService = (base: ServiceBase, stores: Stores): Service => {
  const { config, logger, labels, model, registry, metrics, masterKey, now } = base;
  const { log, db, anchoring, engine } = stores;
  const state = createSqlState(db);
  const keys = createSubjectKeys(createLocalKeyWrapper(masterKey));
  const ledger = createLedger({ log, state, keys, policy: config.policy.id, now });
  const provenance = { ...model, policy: config.policy.id, build: computeBuildDigest() };
  const refuser = createRefuser({ ledger, provenance, now });
  const shared = { log, ledger, refuser, state, keys, registry, provenance, now };
  const service = createDetectionService({
    ...shared,
    reader: base.reader,
    singlePictures: config.policy.singlePictures,
    detectorName: base.detectorName,
    picturesInFlight: config.limits.picturesInFlight,
    onPicture: metrics.countPicture,
    onFace: metrics.countFace,
  });
  const pseudonymOf = createPseudonyms(masterKey);
  const standOnChain = createStandOnChain(config.policy.onChain, log, engine);
  const sessions = createSessionService({
    ...shared,
    labels,
    allowed: config.policy.allowed,
    pseudonymOf,
    standOnChain,
  });
  const evidence = { log, state, keys, anchoring, models: stores.models };
  const apiKeys = createApiKeys(db, now);
  const authenticate = createAuthenticator(config.auth, apiKeys, now);
  const detections = { service, anchoring, model: { labels, ...model } };
  const webhooks = openWebhooks({
    config,
    db,
    engine,
    log,
    state,
    watch: registry,
    modelVersion: model.modelVersion,
    masterKey,
    now,
    logger,
  });
  const rate = createRateLimit(config.limits.requestsPerMinute);
  const { streams, whip } = openDoors({
    config,
    rate,
    service,
    labels,
    inputProfile: base.inputProfile,
    present: (recorded) => presentDetection(detections, recorded),
    now,
    authenticate,
    sessions,
    logger,
  });
  const app = createApi({
    logger,
    config,
    authenticate,
    rate,
    idempotency: createIdempotency(db, masterKey, now),
    metrics,
    apiKeys,
    detections,
    evidence,
    sessions,
    rights: createRightsService({ ...shared, evidence }),
    webhooks: webhooks.service,
    whip,
    health: {
      registry,
      log,
      modelVersion: model.modelVersion,
      isDraining: base.isDraining,
      replica: stores.replica,
    },
  });
  return {
    app,
    log,
    engine,
    apiKeys,
    authenticate,
    ledger,
    webhookDispatcher: webhooks.dispatcher,
    webhookStore: webhooks.store,
    streams,
  };
};
