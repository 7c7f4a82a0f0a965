import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What an operator watches: answers, waits, batch sizes, what is queued. */
export type ServingMetrics = {
  readonly registry: Registry;
  readonly requests: Counter<'status'>;
  readonly pictures: Counter;
  readonly seconds: Histogram<'status'>;
  readonly batchPictures: Histogram;
  readonly queueSeconds: Histogram;
};

export const createMetrics = (
  queued: () => number,
  model: { readonly name: string; readonly version: string },
): ServingMetrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  new Gauge({
    name: 'testigo_model_queued_pictures',
    help: 'Pictures waiting for an engine',
    registers,
    collect() {
      this.set(queued());
    },
  });
  new Gauge({
    name: 'testigo_model_info',
    help: 'Served model',
    labelNames: ['name', 'version'],
    registers,
  }).set({ ...model }, 1);
  return {
    registry,
    requests: new Counter({
      name: 'testigo_model_requests_total',
      help: 'Inference requests by status',
      labelNames: ['status'],
      registers,
    }),
    pictures: new Counter({ name: 'testigo_model_pictures_total', help: 'Pictures read', registers }),
    seconds: new Histogram({
      name: 'testigo_model_request_seconds',
      help: 'Time from the whole request read to the answer',
      labelNames: ['status'],
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2],
      registers,
    }),
    batchPictures: new Histogram({
      name: 'testigo_model_batch_pictures',
      help: 'Pictures a batch',
      buckets: [1, 2, 4, 8, 16, 32, 64],
      registers,
    }),
    queueSeconds: new Histogram({
      name: 'testigo_model_queue_seconds',
      help: 'How long the first picture of a batch waited',
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5],
      registers,
    }),
  };
};
