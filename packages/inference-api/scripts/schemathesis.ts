// The served OpenAPI document against the service that serves it, by schemathesis (a test tool from PyPI, on the path
// or named by SCHEMATHESIS): `npm run schemathesis -w packages/inference-api [-- options]`. Ends as schemathesis does.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { SCOPES } from '../src/auth/principal.ts';
import { prepareGround, startTestApi } from '../test/support/world.ts';

const ground = await prepareGround();
const api = await startTestApi(ground, {
  auth: { mode: 'required' },
  limits: { requestsPerMinute: 1_000_000 },
  webrtc: { enabled: true },
});
const { token } = await api.createKey({ name: 'schemathesis', scopes: [...SCOPES] });
const config = fileURLToPath(new URL('../schemathesis.toml', import.meta.url));
const run = [
  '--config-file',
  config,
  'run',
  `${api.url}/openapi.json`,
  '-H',
  `Authorization: Bearer ${token}`,
];
const tool = spawn(process.env.SCHEMATHESIS ?? 'schemathesis', [...run, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
// Rejects with what kept it from starting.
const ended = await once(tool, 'exit').then(
  ([code]) => code as number | null,
  (error: Error) => error.message,
);
await api.discard();
await ground.stop();
if (typeof ended === 'string')
  process.stderr.write(`schemathesis does not start (pip install schemathesis): ${ended}\n`);
process.exitCode = ended === 0 ? 0 : 1;
