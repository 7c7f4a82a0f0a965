import { mkdirSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseVerifierKey, toHex } from '@testigo/trail';
import { FetchRequest, JsonRpcProvider, Network } from 'ethers';
import type { ApiKeys, NewKey } from './auth/api-keys.ts';
import { openReplica } from './cluster/replica.ts';
import type { ApiConfig } from './config.ts';
import { openLocalHost } from './host.ts';
import { fenceOf } from './http/local-only.ts';
import { followUntouched } from './http/untouched-sockets.ts';
import { createLogger, type Logger } from './logging.ts';
import { createMetrics } from './metrics.ts';
import { type OpenModel, openModel } from './model-setup.ts';
import { ReaderPool } from './reading/reader-pool.ts';
import { watchRegistry } from './registry/registry-watch.ts';
import type { ServiceBase } from './service.ts';
import { startTracing } from './tracing/start-tracing.ts';
import { readOrCreateKey } from './vault/key-file.ts';

export type RunningApi = {
  readonly url: string;
  readonly modelVersion: string;
  readonly logId: string;
  /** C2SP verifier key of the log's checkpoints, for the auditor's trust file. */
  readonly verifierKey: string;
  readonly origin: string;
  /** The same key's 32 bytes as 0x-prefixed hex, as the registry's openLog takes it. */
  readonly checkpointKey: string;
  /** Anchors without waiting for the interval; true once an anchor on chain covers the leaf. */
  waitForAnchor(leafIndex: number, timeoutMs: number): Promise<boolean>;
  /** For the first administrator; further keys over POST /v1/keys. */
  createKey(key: NewKey): ReturnType<ApiKeys['create']>;
  /** Finishes what is under way, then closes log and state. Safe to call twice. */
  close(): Promise<void>;
};

const RPC_TIMEOUT_MS = 5_000;

const listen = (server: Server, { host, port }: ApiConfig['server']): Promise<string> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`port ${port} of ${host} is taken: choose another (server.port)`, { cause: error })
          : error,
      ),
    );
    server.listen(port, host, () => {
      const address = server.address() as AddressInfo;
      const scheme = server instanceof TlsServer ? 'https' : 'http';
      const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      resolve(`${scheme}://${name}:${address.port}`);
    });
  });

/** Slow clients and idle sockets get limits of their own: without them a few hundred hold every connection. */
const hardenServer = (server: Server): void => {
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = 10_000;
  server.maxRequestsPerSocket = 10_000;
  server.maxConnections = 4_096;
};

const createHttpServer = ({ tls }: ApiConfig['server'], app: RequestListener): Server =>
  tls
    ? createTlsServer(
        { cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile), minVersion: 'TLSv1.2' },
        app,
      )
    : createServer(app);

const closeServer = (server: Server, drainMs: number): Promise<void> =>
  new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), drainMs);
    // Connections that were busy are kept alive by their clients afterwards: each goes once it is idle.
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearTimeout(force);
      clearInterval(idle);
      resolve();
    });
  });

const openReaders = (config: ApiConfig, model: OpenModel['network'], logger: Logger): Promise<ReaderPool> =>
  ReaderPool.start(
    { faces: config.faces, limits: config.limits, model },
    {
      threads: config.limits.readers,
      onLost: (error) => logger.error({ err: error }, 'a reading thread ended'),
    },
  );

/** Opens everything in the order it depends on each other, and closes it in the reverse one, also on failure. */
export const startApi = async (
  config: ApiConfig,
  given: { readonly logger?: Logger } = {},
): Promise<RunningApi> => {
  const logger = given.logger ?? createLogger(config.logging, process.stdout.isTTY);
  const closers: (() => Promise<void> | void)[] = [];
  const onClose = (close: () => Promise<void> | void): number => closers.push(close);
  let closing: Promise<void> | undefined;
  const closeAll = (): Promise<void> => {
    closing ??= (async () => {
      for (const close of closers.reverse()) await close();
    })();
    return closing;
  };
  try {
    mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
    const endTracing = await startTracing(config.tracing, { 'testigo.log.origin': config.log.origin });
    if (endTracing) onClose(endTracing);
    const model = openModel(config.model);
    const reader = await openReaders(config, model.network, logger);
    onClose(() => reader.close());
    const masterKey = readOrCreateKey(config.keys.masterKey, join(config.dataDir, 'master.key'));
    const now = () => Date.now();
    const request = new FetchRequest(config.registry.rpcUrl);
    request.timeout = RPC_TIMEOUT_MS;
    // Named beforehand: to find out by itself the provider prints to standard output, among the log's lines.
    const network = Network.from(config.registry.chainId);
    const provider = new JsonRpcProvider(request, network, { staticNetwork: network, cacheTimeout: -1 });
    onClose(() => provider.destroy());
    const { modelVersion, provenance } = model;
    const { labels } = model.network;
    const registry = watchRegistry({ provider, ...config.registry, ...provenance, now, logger });
    onClose(() => registry.stop());
    const standing = await registry.refresh();
    if (!standing.mayRead)
      logger.warn({ error: { code: standing.code } }, 'started, but no readings until this is mended');

    const metrics = createMetrics(model.inputProfile);
    let isDraining = false;
    const base: ServiceBase = {
      config,
      logger,
      reader,
      detectorName: reader.detector,
      labels,
      inputProfile: model.inputProfile,
      model: provenance,
      registry,
      modelEvidence: model.evidence,
      metrics,
      masterKey,
      now,
      isDraining: () => isDraining,
    };
    const host = await (config.store === 'sqlite' ? openLocalHost : openReplica)(base, onClose);
    const { log } = host.current();
    metrics.observe({
      logSize: () => host.current().log.checkpoint().size,
      chain: registry,
      unanchoredRecords: host.unanchoredRecords,
      openStreams: () => host.current().streams.open(),
      webhookDeliveries: () => host.current().webhookStore.countDeliveries(),
    });
    const entrance = fenceOf(config, host);
    const server = createHttpServer(config.server, entrance.handle);
    hardenServer(server);
    const endUntouched = followUntouched(server);
    server.on('upgrade', entrance.upgrade);
    const url = await listen(server, config.server);
    onClose(async () => {
      isDraining = true;
      const isClosed = closeServer(server, config.server.drainMs);
      endUntouched();
      await host.current().streams.close();
      return isClosed;
    });
    await host.start(url);
    logger.info({ url: { full: url }, testigo: { modelVersion, origin: log.origin } }, 'listening');
    return {
      url,
      modelVersion,
      logId: log.logId,
      origin: log.origin,
      verifierKey: log.verifierKey,
      checkpointKey: `0x${toHex(parseVerifierKey(log.verifierKey).publicKey)}`,
      waitForAnchor: async (leafIndex, timeoutMs) =>
        (await host.current().engine?.waitForAnchor(leafIndex, timeoutMs)) !== undefined,
      createKey: (key) => host.current().apiKeys.create(key),
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
};
