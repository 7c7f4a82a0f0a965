import type { InputProfile } from '@testigo/model';
import type { PictureStatistics } from '@testigo/model/picture-statistics';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { RegistryWatch } from './registry/registry-watch.ts';
import { createDriftMonitor, STATISTIC_NAMES } from './signals/drift.ts';

export type Metrics = {
  readonly registry: Registry;
  countRequest(labels: { readonly operation: string; readonly status: number }, seconds: number): void;
  /** `outcome` is `reading` or a refusal code: never a label or a score. */
  countPicture(outcome: string, seconds: number): void;
  /** What a face was like; only how many fell where is kept. */
  countFace(face: PictureStatistics): void;
  /** Values that are read when somebody looks. */
  observe(sources: MetricSources): void;
};

export type MetricSources = {
  readonly logSize: () => number;
  readonly chain: RegistryWatch;
  readonly unanchoredRecords: () => Promise<number>;
  readonly openStreams: () => number;
  readonly webhookDeliveries: () => Promise<Readonly<Record<string, number>>>;
};

const SECONDS = [0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.5, 1, 5];

/** A registry of its own each time: two services in one process must not share counters. */
export const createMetrics = (inputProfile?: InputProfile): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: 'testigo_' });
  const requests = new Histogram({
    name: 'testigo_http_request_seconds',
    help: 'HTTP requests by operation and status.',
    labelNames: ['operation', 'status'],
    buckets: SECONDS,
    registers,
  });
  const pictures = new Histogram({
    name: 'testigo_picture_seconds',
    help: 'Pictures from arrival to recorded answer.',
    buckets: SECONDS,
    registers,
  });
  const outcomes = new Counter({
    name: 'testigo_pictures_total',
    help: 'Pictures by outcome.',
    labelNames: ['outcome'],
    registers,
  });
  const drift = inputProfile && createDriftMonitor(inputProfile);
  if (drift) {
    new Gauge({
      name: 'testigo_input_stability_index',
      help: 'How far the last 5000 faces are from the training pictures: below .1 alike, above .25 shifted.',
      labelNames: ['statistic'],
      registers,
      collect() {
        for (const statistic of STATISTIC_NAMES) this.set({ statistic }, drift.stabilityOf(statistic));
      },
    });
  }
  return {
    registry,
    countFace: (face) => drift?.add(face),
    countRequest: ({ operation, status }, seconds) => requests.observe({ operation, status }, seconds),
    countPicture: (outcome, seconds) => {
      outcomes.inc({ outcome });
      pictures.observe(seconds);
    },
    observe: ({ logSize, chain, unanchoredRecords, openStreams, webhookDeliveries }) => {
      const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
        new Gauge({
          name,
          help,
          registers,
          async collect() {
            this.set(await read());
          },
        });
      gauge('testigo_log_size', 'Records in the log.', logSize);
      gauge('testigo_unanchored_records', 'Records that no anchor on chain covers.', unanchoredRecords);
      gauge(
        'testigo_chain_lag_seconds',
        'Time since the registry last answered.',
        () => (chain.lagMs() ?? Number.NaN) / 1000,
      );
      gauge('testigo_may_read', '1 while readings are allowed.', () => (chain.standing().mayRead ? 1 : 0));
      gauge('testigo_open_streams', 'Streams of frames, by WebSocket and WebRTC.', openStreams);
      new Gauge({
        name: 'testigo_webhook_deliveries',
        help: 'Webhook deliveries by state: waiting, delivered, dead.',
        labelNames: ['state'],
        registers,
        async collect() {
          for (const [state, count] of Object.entries(await webhookDeliveries())) this.set({ state }, count);
        },
      });
    },
  };
};
