// What `testigo-log` serves, for the benchmark: `node log-server.ts FOLDER` prints its port.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLogApp } from '../../src/log/log-app.ts';
import { openLog } from '../../src/log/open-log.ts';
import { SqliteStore } from '../../src/log/sqlite-store.ts';
import { TEST_IDENTITY } from '../../src/log/testing.ts';

const startedMs = performance.now();
const log = await openLog({ ...TEST_IDENTITY, store: await SqliteStore.open(process.argv[2]!) });
const openedMs = performance.now() - startedMs;
const app = createLogApp(log, (error) => process.stderr.write(`${String(error)}\n`));
const server = createServer(app).listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ port, openedMs, size: log.checkpoint().size })}\n`);
});
process.on('SIGTERM', () => {
  server.closeAllConnections();
  server.close(() => void log.close().then(() => process.exit(0)));
});
