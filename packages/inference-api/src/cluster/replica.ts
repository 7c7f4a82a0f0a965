import { randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import { SqlOutbox } from '../anchoring/sql-outbox.ts';
import { createAnchoring, viewAnchoring } from '../anchoring-setup.ts';
import { ApiError } from '../errors.ts';
import type { Host } from '../host.ts';
import { createBodyBudget } from '../http/body-budget.ts';
import { FollowerLog } from '../log/follower-log.ts';
import { openLog } from '../log/open-log.ts';
import { PostgresReader } from '../log/postgres-reader.ts';
import { PostgresStore } from '../log/postgres-store.ts';
import { identifyLog } from '../log-setup.ts';
import { createPool } from '../postgres/connect.ts';
import { prepareSchema } from '../postgres/schema.ts';
import { type ModelArchive, openSharedModelArchive } from '../records/model-archive.ts';
import { createService, recoverService, type Service, type ServiceBase } from '../service.ts';
import { openPostgresDatabase, openPostgresReads } from '../state/postgres-database.ts';
import { Election } from './election.ts';
import { createForwarder, wantsRecording } from './forward.ts';
import { applicationNameOf, type Term, type Writer } from './term.ts';
import { createTunnel } from './tunnel.ts';

const READ_CONNECTIONS = 8;
/** One for the log, one for the state, one for the look at what failed. */
const WRITE_CONNECTIONS = 3;
const FOLLOW_MS = 250;

type OnClose = (close: () => Promise<void>) => unknown;

/** A service that may write, for one term. All it writes carries the term's epoch. */
type WritingService = Service & {
  /** Commits what is under way, then lets go. */
  leave(): Promise<void>;
  /** Lets go at once: nothing more can be committed. */
  abandon(): Promise<void>;
};

const openWritingService = async (
  base: ServiceBase,
  models: ModelArchive,
  pool: Pool,
  term: Term,
  onFailure: (error: unknown) => void,
): Promise<WritingService> => {
  const { config, logger } = base;
  const store = new PostgresStore(pool, term, onFailure);
  const log = await openLog({
    ...identifyLog(config),
    store,
    options: { batchDelayMs: config.log.batchDelayMs },
  });
  const db = openPostgresDatabase(pool, term, onFailure);
  const outbox = new SqlOutbox(db, log.logId);
  const engine = createAnchoring(config, log, outbox, logger);
  const anchoring = viewAnchoring(outbox, config);
  const replica = { role: 'writer', term: term.epoch } as const;
  const service = createService(base, { log, db, anchoring, models, engine, replica });
  // Whoever was at work on these is not the writer any more.
  await db.write(['DELETE FROM idempotency WHERE sealed_reply IS NULL']);
  await recoverService(service, logger);
  engine?.start();
  service.webhookDispatcher.start();
  const leave = async (): Promise<void> => {
    await service.streams.close();
    await service.webhookDispatcher.stop();
    await engine?.stop();
    await log.close();
    await db.close();
  };
  return {
    ...service,
    leave,
    abandon: async () => {
      // The state before the log: a commit that is given up may still happen, and nothing may be concluded from it.
      db.seal(new ApiError('not-writer'));
      await store.close();
      await leave();
    },
  };
};

/**
 * One of several processes over one PostgreSQL database. Every one answers what only reads; the elected one records,
 * and the others pass on to it what wants recording. Each term has a service of its own: what an earlier term left
 * unfinished in this process still holds that term's epoch, and can do no harm.
 */
export const openReplica = async (base: ServiceBase, onClose: OnClose): Promise<Host> => {
  const { config, logger } = base;
  const replicaId = randomBytes(8).toString('hex');
  const connection = { url: config.store, applicationName: applicationNameOf(replicaId) };
  const pool = createPool(connection, { max: READ_CONNECTIONS });
  onClose(() => pool.end());
  await prepareSchema(pool);
  const follower = await FollowerLog.open({ ...identifyLog(config), store: new PostgresReader(pool) });
  onClose(() => follower.close());
  const reads = openPostgresReads(pool);
  const outbox = new SqlOutbox(reads, follower.logId);
  const anchoring = viewAnchoring(outbox, config);
  // Named by their own digests, models need no writer to agree on them.
  const models = await openSharedModelArchive(openPostgresDatabase(pool, undefined), base.modelEvidence);
  const replica = { role: 'reader' } as const;
  const reader = createService(base, { log: follower, db: reads, anchoring, models, replica });

  const follow = setInterval(() => {
    follower.refresh().catch((error: unknown) => logger.warn({ err: error }, 'cannot follow the log'));
  }, FOLLOW_MS);
  onClose(async () => clearInterval(follow));

  let election: Election | undefined;
  onClose(async () => election?.stop());
  let writing: WritingService | undefined;
  let writePool: Pool | undefined;
  const onTerm = async (term: Term): Promise<void> => {
    const own = createPool(connection, { max: WRITE_CONNECTIONS });
    writePool = own;
    const service = await openWritingService(base, models, own, term, (error) =>
      election?.resign(term, error),
    );
    if (writePool === own) {
      writing = service;
      return;
    }
    await service.abandon();
    throw new ApiError('not-writer');
  };
  const letGo = (how: 'leave' | 'abandon'): Promise<void> => {
    const [service, own] = [writing, writePool];
    writing = undefined;
    writePool = undefined;
    return (async () => {
      await service?.[how]();
      await own?.end();
    })();
  };
  const onLost = (): void => {
    letGo('abandon').catch((error: unknown) =>
      logger.warn({ err: error }, 'the end of a term was not clean'),
    );
  };

  const writer = (): Writer | undefined => election?.writer();
  const waitMs = config.replica.electionWaitMs;
  const forward = createForwarder({
    writer,
    waitMs,
    bodyBytes: config.limits.bodyBytes,
    bodyBudget: createBodyBudget(config.limits.bufferedBytes),
    authenticate: reader.authenticate,
    logger,
  });
  const tunnel = createTunnel({ writer, waitMs });
  return {
    current: () => writing ?? reader,
    handle: (request, response) => {
      if (writing) writing.app(request, response);
      else if (wantsRecording(request)) forward(request, response);
      else reader.app(request, response);
    },
    upgrade: (request, socket, head) => {
      if (writing) writing.streams.upgrade(request, socket, head);
      else tunnel(request, socket, head);
    },
    unanchoredRecords: async () => follower.checkpoint().size - ((await outbox.findLatest())?.size ?? 0),
    start: async (listening) => {
      const url = config.replica.url ?? listening;
      const { leaseMs } = config.replica;
      const parts = { databaseUrl: config.store, replicaId, url, leaseMs, logger };
      election = new Election({ ...parts, onTerm, onLost, onLeave: () => letGo('leave') });
      await election.start();
    },
  };
};
