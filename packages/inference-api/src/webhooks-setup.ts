import type { AnchoringEngine } from './anchoring/engine.ts';
import type { ApiConfig } from './config.ts';
import type { Database } from './state/database.ts';
import { createDispatcher, type Dispatcher, type DispatcherParts } from './webhooks/dispatcher.ts';
import { createSqlWebhooks } from './webhooks/sql-webhooks.ts';
import { createTargetGuard } from './webhooks/target-guard.ts';
import { createWebhookService, type WebhookService } from './webhooks/webhook-service.ts';
import type { WebhookStore } from './webhooks/webhook-store.ts';

type Setup = Pick<
  DispatcherParts,
  'log' | 'state' | 'watch' | 'modelVersion' | 'masterKey' | 'now' | 'logger'
> & {
  readonly config: Pick<ApiConfig, 'webhooks' | 'registry'>;
  readonly db: Database;
  readonly engine: AnchoringEngine | undefined;
};

/** Endpoints, their queue and what empties it, not started yet. */
export const openWebhooks = ({
  config,
  db,
  engine,
  ...parts
}: Setup): {
  readonly service: WebhookService;
  readonly dispatcher: Dispatcher;
  readonly store: WebhookStore;
} => {
  const { maxEndpoints, maxEndpointsPerTenant, allowedNetworks, ...times } = config.webhooks;
  const limits = { maxEndpoints, maxEndpointsPerTenant };
  const store = createSqlWebhooks(db);
  const guard = createTargetGuard({ allowedNetworks });
  const { masterKey, now } = parts;
  return {
    store,
    service: createWebhookService({ store, guard, masterKey, limits, now }),
    dispatcher: createDispatcher({
      ...parts,
      store,
      guard,
      times,
      anchors: engine,
      registry: config.registry,
      random: Math.random,
    }),
  };
};
