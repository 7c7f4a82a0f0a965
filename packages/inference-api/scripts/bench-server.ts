// The service in a process of its own, so that the client's work is not measured as the server's.
import { shippedBundle } from '@testigo/model';
import { prepareGround, startTestApi } from '../test/support/world.ts';

const ground = await prepareGround({ bundleDir: shippedBundle() });
const api = await startTestApi(ground, {
  policy: {},
  registry: { rpcUrl: ground.chain.url, address: ground.address, chainId: ground.chain.chainId },
  limits: { requestsPerMinute: 1_000_000, picturesInFlight: 256 },
});
process.send?.({ url: api.url });
process.once('message', async () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuSeconds: (user + system) / 1e6, rssMiB: process.memoryUsage().rss / 2 ** 20 });
  await api.discard();
  await ground.stop();
  process.disconnect?.();
});
