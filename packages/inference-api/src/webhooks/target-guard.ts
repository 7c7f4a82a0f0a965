import { lookup as lookupHost } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The target is one that this service must not be made to call. */
export class TargetForbiddenError extends Error {
  override readonly name = 'TargetForbiddenError';
}

export type TargetGuard = {
  /** @throws TargetForbiddenError where the URL itself shows that it may not be called */
  checkUrl(url: URL): void;
  /**
   * For the socket itself to resolve with: what is checked is what is connected to, so that a name which answers
   * differently the second time (DNS rebinding) gains nothing.
   */
  lookupFor(url: URL): LookupFunction;
};

export type GuardOptions = {
  /** Networks in CIDR form that may be called although they are not public, also without TLS. */
  readonly allowedNetworks: readonly string[];
  readonly resolve?: (host: string) => Promise<readonly { address: string; family: number }[]>;
};

// IANA hands out public IPv6 addresses from here only; ::7f00:1, the long deprecated spelling of 127.0.0.1, lies outside.
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

const isAssigned = (address: ipaddr.IPv4 | ipaddr.IPv6): boolean =>
  address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(GLOBAL_IPV6);

const resolveAll = (host: string) => lookupHost(host, { all: true, verbatim: true });

const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, '');

/** Server-side request forgery: a registered URL must not reach what only this machine can reach. */
export const createTargetGuard = ({ allowedNetworks, resolve = resolveAll }: GuardOptions): TargetGuard => {
  const allowed = allowedNetworks.map((network) => ipaddr.parseCIDR(network));

  const isAllowed = (text: string, url: URL): boolean => {
    // `process` unwraps IPv4-mapped IPv6: ::ffff:127.0.0.1 is 127.0.0.1.
    const address = ipaddr.process(text);
    const isListed = allowed.some(
      ([network, bits]) => network.kind() === address.kind() && address.match(network as never, bits),
    );
    // `unicast` is what is left after every special range: loopback, private, link-local, carrier NAT, 6to4, NAT64 …
    const isPublic = address.range() === 'unicast' && isAssigned(address);
    return isListed || (isPublic && url.protocol === 'https:');
  };

  const check = (address: string, url: URL): void => {
    if (!isAllowed(address, url))
      throw new TargetForbiddenError(`${url.protocol}//${url.host} leads to an address that is not allowed`);
  };

  return {
    checkUrl: (url) => {
      if (url.protocol !== 'https:' && url.protocol !== 'http:')
        throw new TargetForbiddenError('a webhook is called over https');
      if (url.username !== '' || url.password !== '' || url.hash !== '')
        throw new TargetForbiddenError('the URL has credentials or a fragment');
      if (url.protocol === 'http:' && allowed.length === 0)
        throw new TargetForbiddenError('a webhook is called over https');
      const host = hostOf(url);
      // Sockets do not look literals up, so they are checked here. The URL parser has made 0x7f.1 a literal already.
      if (isIP(host) !== 0) check(host, url);
    },
    lookupFor: (url) => (host, options, done) => {
      resolve(host).then(
        (addresses) => {
          try {
            for (const { address } of addresses) check(address, url);
          } catch (error) {
            return done(error as Error, []);
          }
          const [first] = addresses;
          if (!first) return done(new Error(`${host} has no address`), []);
          if (options.all) done(null, [...addresses]);
          else done(null, first.address, first.family);
        },
        (error: Error) => done(error, []),
      );
    },
  };
};
