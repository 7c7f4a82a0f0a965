import { ApiError } from '../errors.ts';
import { newId } from '../records/drafts.ts';
import { seal } from '../vault/seal.ts';
import { secretContext } from './dispatcher.ts';
import { toDeliveries } from './feed.ts';
import { newWebhookSecret } from './signature.ts';
import { TargetForbiddenError, type TargetGuard } from './target-guard.ts';
import type { WebhookEventType } from './webhook-events.ts';
import type {
  DeliveryQuery,
  DeliveryRow,
  EndpointLimits,
  EndpointRow,
  WebhookStore,
} from './webhook-store.ts';

export type NewEndpoint = {
  readonly url: string;
  readonly events: readonly WebhookEventType[];
  readonly deployer: string | undefined;
};

/** Endpoints of other deployers do not exist for a caller that is limited to one. */
export type WebhookService = {
  /** The secret is shown once: only its sealed form is kept. @throws ApiError webhook-target-forbidden, webhook-limit */
  create(endpoint: NewEndpoint): Promise<{ readonly endpoint: EndpointRow; readonly secret: string }>;
  list(deployer: string | undefined): Promise<readonly EndpointRow[]>;
  /** @throws ApiError webhook-unknown; so do the methods below */
  find(id: string, deployer: string | undefined): Promise<EndpointRow>;
  remove(id: string, deployer: string | undefined): Promise<void>;
  /** A new secret; for a day both sign. */
  rotate(
    id: string,
    deployer: string | undefined,
  ): Promise<{ readonly secret: string; readonly previousUntilMs: number }>;
  /** Queues a `webhook.test`; returns its id. */
  test(id: string, deployer: string | undefined): Promise<string>;
  listDeliveries(
    query: DeliveryQuery & { readonly deployer: string | undefined },
  ): Promise<readonly DeliveryRow[]>;
  /** Tries a delivery again from the start. @throws ApiError delivery-unknown */
  redeliver(id: string, eventId: string, deployer: string | undefined): Promise<void>;
};

type ServiceParts = {
  readonly store: WebhookStore;
  readonly guard: TargetGuard;
  readonly masterKey: Uint8Array;
  readonly limits: EndpointLimits;
  readonly now: () => number;
};

const AT_SHARE =
  'One deployer, or all keys together that are limited to none, may have no more (webhooks.maxEndpointsPerTenant).';

const ROTATION_MS = 24 * 3_600_000;

export const createWebhookService = (parts: ServiceParts): WebhookService => {
  const { store, guard, masterKey, now } = parts;
  const sealSecret = (id: string, secret: string): Uint8Array =>
    seal(masterKey, secretContext(id), Buffer.from(secret));

  const checkTarget = (url: string): void => {
    try {
      guard.checkUrl(new URL(url));
    } catch (cause) {
      if (cause instanceof TargetForbiddenError)
        throw new ApiError('webhook-target-forbidden', cause.message, { cause });
      throw cause;
    }
  };

  const refuseEndpoint = async (deployer: string | undefined): Promise<ApiError> => {
    const own = (await store.listEndpoints()).filter((row) => row.deployer === deployer);
    return new ApiError(
      'webhook-limit',
      own.length < parts.limits.maxEndpointsPerTenant ? undefined : AT_SHARE,
    );
  };

  const find: WebhookService['find'] = async (id, deployer) => {
    const endpoint = await store.findEndpoint(id);
    if (!endpoint || (deployer !== undefined && endpoint.deployer !== deployer))
      throw new ApiError('webhook-unknown');
    return endpoint;
  };

  return {
    find,
    create: async ({ url, events, deployer }) => {
      checkTarget(url);
      const id = newId();
      const secret = newWebhookSecret();
      const endpoint: EndpointRow = {
        id,
        url,
        events: [...new Set(events)],
        ...(deployer === undefined ? {} : { deployer }),
        sealedSecret: sealSecret(id, secret),
        createdAtMs: now(),
      };
      if (!(await store.insertEndpoint(endpoint, parts.limits))) throw await refuseEndpoint(deployer);
      return { endpoint, secret };
    },
    list: async (deployer) =>
      (await store.listEndpoints()).filter((row) => deployer === undefined || row.deployer === deployer),
    remove: async (id, deployer) => store.deleteEndpoint((await find(id, deployer)).id),
    rotate: async (id, deployer) => {
      const { sealedSecret } = await find(id, deployer);
      const secret = newWebhookSecret();
      const untilMs = now() + ROTATION_MS;
      await store.replaceSecret(id, sealSecret(id, secret), { sealedSecret, untilMs });
      return { secret, previousUntilMs: untilMs };
    },
    test: async (id, deployer) => {
      const endpoint = await find(id, deployer);
      if (endpoint.disabledAtMs !== undefined) throw new ApiError('webhook-disabled');
      const event = { type: 'webhook.test', timeMs: now(), data: { webhookId: id } } as const;
      const rows = toDeliveries(event, [{ ...endpoint, events: ['webhook.test'] }], now());
      await store.enqueue(rows, undefined);
      return rows[0]!.eventId;
    },
    listDeliveries: async ({ deployer, ...query }) => {
      await find(query.endpointId, deployer);
      return store.listDeliveries(query);
    },
    redeliver: async (id, eventId, deployer) => {
      const endpoint = await find(id, deployer);
      if (endpoint.disabledAtMs !== undefined) throw new ApiError('webhook-disabled');
      if (!(await store.requeue(id, eventId, now()))) throw new ApiError('delivery-unknown');
    },
  };
};
