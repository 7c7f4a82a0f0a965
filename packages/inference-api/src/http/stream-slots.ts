import { ApiError } from '../errors.ts';

/** Gives back what was taken; further calls do nothing. */
export type Release = () => void;

/** Room for streams, of which no tenant gets more than its share. */
export type StreamSlots = {
  /** @throws ApiError overloaded where the tenant has its share, or the service as many as it may */
  take(tenant: string): Release;
};

/** What a connection is to whoever waits for its end. */
type Connection = { readonly closed: boolean; once(event: 'close', listener: () => void): unknown };

export const refuseStream = (detail?: string): ApiError =>
  new ApiError('overloaded', detail, { headers: { 'Retry-After': '1' } });

const AT_SHARE =
  'As many streams are open for this deployer, key or token as for one at a time (limits.streamsPerTenant).';

export const createStreamSlots = (limits: {
  readonly streams: number;
  readonly streamsPerTenant: number;
}): StreamSlots => {
  const byTenant = new Map<string, number>();
  let taken = 0;
  const add = (tenant: string, change: 1 | -1): void => {
    taken += change;
    const own = (byTenant.get(tenant) ?? 0) + change;
    if (own > 0) byTenant.set(tenant, own);
    else byTenant.delete(tenant);
  };
  return {
    take: (tenant) => {
      if ((byTenant.get(tenant) ?? 0) >= limits.streamsPerTenant) throw refuseStream(AT_SHARE);
      if (taken >= limits.streams) throw refuseStream();
      add(tenant, 1);
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        add(tenant, -1);
      };
    },
  };
};

/** Releases with the end of the connection, which may have come while its caller was being identified. */
export const releaseWith = (connection: Connection, release: Release): void => {
  if (connection.closed) release();
  else connection.once('close', release);
};
