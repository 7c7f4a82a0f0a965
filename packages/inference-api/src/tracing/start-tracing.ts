import { context, propagation, trace } from '@opentelemetry/api';
import type { ApiConfig } from '../config.ts';

/** Sends spans to an OTLP collector from now on, in the whole process. Returns what sends the last ones and ends it. */
export const startTracing = async (
  config: ApiConfig['tracing'],
  attributes: Readonly<Record<string, string>>,
): Promise<(() => Promise<void>) | undefined> => {
  const { otlpUrl: url, otlpHeaders: headers, sampleRatio, exportDelayMs } = config;
  if (url === undefined) return undefined;
  // Loaded where it is wanted only: who does not trace does not pay for it.
  const [sdk, { OTLPTraceExporter }, { AsyncLocalStorageContextManager }, core, resources] =
    await Promise.all([
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/context-async-hooks'),
      import('@opentelemetry/core'),
      import('@opentelemetry/resources'),
    ]);
  const exporter = new OTLPTraceExporter({ url, ...(headers ? { headers } : {}) });
  const provider = new sdk.TracerProvider({
    resource: resources.resourceFromAttributes({ 'service.name': 'testigo-api', ...attributes }),
    // A caller that samples its trace gets ours with it; of the others this share.
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(sampleRatio) }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter, scheduledDelayMillis: exportDelayMs })],
  });
  const manager = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(manager);
  propagation.setGlobalPropagator(new core.W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  return async () => {
    await provider.shutdown();
    trace.disable();
    propagation.disable();
    context.disable();
  };
};
