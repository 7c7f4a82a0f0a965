import { describe, expect, it } from 'vitest';
import { readEnvironment } from './config/environment.ts';
import { redactConfig } from './config/redact.ts';
import { ConfigError, loadConfig, parseConfig } from './config.ts';

const registry = { rpcUrl: 'http://127.0.0.1:8545', address: `0x${'1'.repeat(40)}`, chainId: 1 };

describe('configuration', () => {
  it('needs only the registry; everything else has a default', () => {
    expect(parseConfig({ registry })).toMatchObject({
      server: { host: '127.0.0.1', port: 8080 },
      faces: { threshold: 0.7 },
    });
  });

  it('lists every problem at once, unknown names included', () => {
    const problems = (() => {
      try {
        parseConfig({
          registry: { rpcUrl: 'ftp://x', address: 'nowhere' },
          server: { port: 99_999, colour: 'red' },
        });
      } catch (error) {
        return error instanceof ConfigError ? error.problems.join('\n') : '';
      }
    })();
    for (const place of ['registry.rpcUrl', 'registry.address', 'server.port', 'server'])
      expect(problems).toContain(place);
  });

  it('reads the environment over the file', () => {
    const env = {
      TESTIGO_REGISTRY__RPC_URL: 'http://127.0.0.1:1',
      TESTIGO_REGISTRY__ADDRESS: registry.address,
      TESTIGO_REGISTRY__CHAIN_ID: '1',
      TESTIGO_SERVER__PORT: '9000',
      TESTIGO_DATA: '/somewhere',
      TESTIGO_ANCHORING__PRIVATE_KEY: '',
      HOME: '/root',
    };
    expect(loadConfig(undefined, env)).toMatchObject({
      server: { port: 9000 },
      registry: { rpcUrl: 'http://127.0.0.1:1' },
    });
  });

  it('says which file it cannot read', () => {
    expect(() => loadConfig('/nonexistent/config.json', {})).toThrow(/\/nonexistent\/config.json/);
  });

  it('takes a PostgreSQL database only with the keys that its replicas share', () => {
    const key = 'ab'.repeat(32);
    const store = 'postgres://testigo:pass@db.example.org/calls';
    const problemsOf = (input: object): string => {
      try {
        parseConfig({ registry, ...input });
        return '';
      } catch (error) {
        return String(error);
      }
    };
    expect(problemsOf({ store })).toMatch(/log\.signingKey.*\n.*keys\.masterKey/);
    expect(problemsOf({ store, log: { signingKey: key }, keys: { masterKey: key } })).toBe('');
    for (const wrong of ['mysql://db', 'postgres', 'postgres://['])
      expect(problemsOf({ store: wrong })).toContain('store');
  });

  it('puts no reading on chain without the keys for it', () => {
    const key = `0x${'1'.repeat(64)}`;
    const withKeys = (anchoring: object) => () =>
      parseConfig({ registry, policy: { onChain: 'decisions' }, anchoring });
    expect(withKeys({ privateKey: key })).toThrow(/policy.onChain/);
    expect(withKeys({ privateKey: key, recorderKey: key })).toThrow(/anchoring.recorderKey/);
    expect(withKeys({ privateKey: key, recorderKey: `0x${'2'.repeat(64)}` })).not.toThrow();
  });

  it('gives no tenant more than half where there can be several, unless the operator says so', () => {
    const sharesOf = (input: object) => {
      const { limits, webhooks } = parseConfig({ registry, ...input });
      return [limits.streamsPerTenant, webhooks.maxEndpointsPerTenant];
    };
    expect(sharesOf({})).toEqual([1_000, 100]);
    const auth = { mode: 'required' };
    expect(sharesOf({ auth })).toEqual([500, 50]);
    expect(sharesOf({ auth, limits: { streams: 1 }, webhooks: { maxEndpoints: 3 } })).toEqual([1, 1]);
    const limits = { streamsPerTenant: 1_000 };
    expect(sharesOf({ auth, limits, webhooks: { maxEndpointsPerTenant: 7 } })).toEqual([1_000, 7]);
    expect(() => sharesOf({ limits: { streamsPerTenant: 0 } })).toThrow(/limits\.streamsPerTenant/);
  });

  it("leaves the project's other variables alone, and takes no unknown name for one of them", () => {
    const other = { TESTIGO_URL: 'http://127.0.0.1:8080', TESTIGO_TOKEN: 't', TESTIGO_AUDITOR_KEY: 'k' };
    expect(readEnvironment({ ...other, TESTIGO_WEBHOOK_SECRET: 's' })).toEqual({});
    expect(readEnvironment({ TESTIGO_TOKENS: 't' })).toEqual({ tokens: 't' });
  });

  it('shows of a node only where it is, and of other addresses no password', () => {
    const place = 'https://rpc.example.org';
    const shown = redactConfig(
      parseConfig({
        registry: { ...registry, rpcUrl: `${place}/v3/account-key` },
        anchoring: {
          rpcUrls: [`${place}/?key=account-key`, 'https://user:account-key@rpc.example.org', place],
        },
        tracing: { otlpUrl: 'https://user:account-key@otlp.example.org/v1/traces' },
      }),
    ) as { registry: unknown; anchoring: unknown; tracing: unknown };
    expect(JSON.stringify(shown)).not.toContain('account-key');
    expect(shown.registry).toMatchObject({ rpcUrl: `${place}/[redacted]` });
    expect(shown.anchoring).toMatchObject({ rpcUrls: [`${place}/[redacted]`, `${place}/[redacted]`, place] });
    expect(shown.tracing).toMatchObject({ otlpUrl: 'https://redacted@otlp.example.org/v1/traces' });
  });

  it('says what a registry is named by, where none is', () => {
    expect(() => parseConfig({})).toThrow(/registry: say where .*rpcUrl.*address.*chainId/);
    expect(() => parseConfig({ registry: { rpcUrl: 1 } })).toThrow(/registry\.rpcUrl.*\n.*registry\.address/);
  });

  it('shows no secret', () => {
    const secret = 'ab'.repeat(32);
    const config = parseConfig({
      registry,
      store: `postgres://testigo:${secret}@db.example.org/calls?sslmode=verify-full`,
      keys: { masterKey: secret },
      log: { signingKey: secret },
      anchoring: { privateKey: `0x${secret}`, recorderKey: `0x${secret.slice(2)}12` },
    });
    expect(JSON.stringify(redactConfig(config))).not.toContain(secret.slice(2));
    const shown = JSON.stringify(redactConfig(config));
    expect(shown).not.toContain(secret);
    expect(shown).toContain('postgres://testigo:redacted@db.example.org/calls?sslmode=verify-full');
  });
});
