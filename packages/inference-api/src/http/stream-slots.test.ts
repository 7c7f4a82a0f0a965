import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ApiError } from '../errors.ts';
import { createStreamSlots, type Release, releaseWith } from './stream-slots.ts';

it('hold no more than the total and the share, whatever is taken and given back, twice or once', () => {
  const step = fc.record({ tenant: fc.constantFrom('a', 'b', 'c'), gives: fc.boolean(), at: fc.nat() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const slots = createStreamSlots({ streams: 4, streamsPerTenant: 2 });
      const held: { readonly tenant: string; readonly release: Release }[] = [];
      const released: Release[] = [];
      for (const { tenant, gives, at } of steps) {
        if (gives && held.length > 0) {
          const [{ release }] = held.splice(at % held.length, 1) as [(typeof held)[number]];
          release();
          released.push(release);
          released[at % released.length]?.();
          continue;
        }
        const own = held.filter((one) => one.tenant === tenant).length;
        try {
          held.push({ tenant, release: slots.take(tenant) });
          expect(own < 2 && held.length <= 4).toBe(true);
        } catch (error) {
          if (!(error instanceof ApiError)) throw error;
          expect(error.code).toBe('overloaded');
          expect(own === 2 || held.length === 4).toBe(true);
        }
      }
    }),
  );
});

it('are given back with the connection, also where it has ended before they were taken', async () => {
  const slots = createStreamSlots({ streams: 1, streamsPerTenant: 1 });
  for (const isGone of [true, false, true]) {
    const connection = new PassThrough();
    const closed = once(connection, 'close');
    if (isGone) {
      connection.destroy();
      await closed;
    }
    releaseWith(connection, slots.take('a'));
    connection.destroy();
    await closed;
  }
  expect(slots.take('a')).toBeTypeOf('function');
});
