import { once } from 'node:events';
import type { Command } from 'commander';
import { readBundle } from '../bundle/read-bundle.ts';
import { ModelError } from '../errors.ts';
import { DEFAULT_SERVE_OPTIONS, startServer } from '../serving/server.ts';
import { shippedBundle } from '../shipped-bundle.ts';
import { type CommandContext, parseCount } from './context.ts';

type ServeFlags = {
  readonly bundle: string;
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  readonly maxBatch: number;
  readonly maxDelayMs: number;
  readonly maxQueue: number;
};

const run = async ({ bundle, ...options }: ServeFlags, context: CommandContext): Promise<void> => {
  const contents = readBundle(bundle);
  const server = await startServer(contents, options);
  context.stderr.write(
    `serving ${contents.manifest.name} ${contents.modelVersion} at ${server.url} (Ctrl-C drains and stops)\n`,
  );
  if (!context.signal.aborted) await once(context.signal, 'abort');
  context.stderr.write('draining: open requests are finished, new ones refused\n');
  await server.stop();
};

const parsePort = (value: string): number => {
  const port = parseCount('port', 0)(value);
  if (port > 65_535)
    throw new ModelError('option-invalid', { option: 'port', seen: `${value} is above 65535` });
  return port;
};

export const addServe = (program: Command, context: CommandContext): void => {
  const defaults = DEFAULT_SERVE_OPTIONS;
  program
    .command('serve')
    .description('serve a bundle over HTTP: Open Inference Protocol v2, dynamic batching, Prometheus metrics')
    .option('--bundle <folder>', 'model bundle (default: the shipped one)', shippedBundle())
    .option('--host <address>', 'address to listen on', defaults.host)
    .option('--port <n>', '0 takes a free one', parsePort, defaults.port)
    .option('--workers <n>', 'engine threads, one core each', parseCount('workers'), defaults.workers)
    .option('--max-batch <n>', 'pictures a batch and a request', parseCount('max-batch'), defaults.maxBatch)
    .option(
      '--max-delay-ms <n>',
      'how long a picture may wait for a fuller batch',
      parseCount('max-delay-ms', 0),
      defaults.maxDelayMs,
    )
    .option(
      '--max-queue <n>',
      'pictures that may wait; more get 503 and Retry-After',
      parseCount('max-queue'),
      defaults.maxQueue,
    )
    .addHelpText(
      'after',
      `
Endpoints: /v2/health/live, /v2/health/ready, /v2, /v2/models/NAME, /v2/models/NAME/ready, /v2/models/NAME/infer, /metrics.
Triton, KServe and OpenVINO Model Server speak the same protocol: \`export --format triton\` writes their repository.

Example, one black picture as JSON:
  testigo-model serve --port 8080 &
  node -e 'console.log(JSON.stringify({inputs:[{name:"pixels",datatype:"UINT8",shape:[1,48,48],data:Array(2304).fill(0)}]}))' |
    curl -s -d @- http://127.0.0.1:8080/v2/models/$(testigo-model info --format json | jq -r .manifest.name)/infer`,
    )
    .action((flags: ServeFlags) => run(flags, context));
};
