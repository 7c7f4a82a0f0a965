import type { IncomingMessage, RequestListener } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { SqliteOutbox } from './anchoring/sqlite-outbox.ts';
import { createAnchoring, viewAnchoring } from './anchoring-setup.ts';
import { openServiceLog } from './log-setup.ts';
import { openModelArchive } from './records/model-archive.ts';
import { createService, recoverService, type Service, type ServiceBase } from './service.ts';
import { openSqliteState } from './state/sqlite-database.ts';

/** What stands behind the HTTP server: the service of this moment, and how requests get to it. */
export type Host = {
  current(): Service;
  readonly handle: RequestListener;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Records that no anchor on chain covers. */
  unanchoredRecords(): Promise<number>;
  /** Told where the server listens, once it does. */
  start(url: string): Promise<void>;
};

type OnClose = (close: () => Promise<void>) => unknown;

/** The service over files in the data folder, which it is the only one to write. */
export const openLocalHost = async (base: ServiceBase, onClose: OnClose): Promise<Host> => {
  const { config, logger } = base;
  const db = openSqliteState(join(config.dataDir, 'state.sqlite'));
  onClose(() => db.close());
  const log = await openServiceLog(config);
  onClose(() => log.close());
  const outbox = new SqliteOutbox(join(config.dataDir, 'outbox'), log.logId);
  const engine = createAnchoring(config, log, outbox, logger);
  onClose(() => (engine ? engine.stop() : outbox.close()));
  const anchoring = viewAnchoring(outbox, config);
  const models = openModelArchive(join(config.dataDir, 'models'), base.modelEvidence);
  const service = createService(base, { log, db, anchoring, models, engine });
  await recoverService(service, logger);
  engine?.start();
  service.webhookDispatcher.start();
  onClose(() => service.webhookDispatcher.stop());
  return {
    current: () => service,
    handle: service.app,
    upgrade: service.streams.upgrade,
    unanchoredRecords: async () => log.checkpoint().size - ((await outbox.findLatest())?.size ?? 0),
    start: async () => undefined,
  };
};
