import type { Precision } from '../bundle/weights.ts';
import type { DatasetFlags } from './dataset-flags.ts';

export const BACKENDS = ['tensorflow', 'webgpu', 'wasm', 'cpu'] as const;

export const NETWORKS = ['mission', 'compact', 'hybrid'] as const;

export const AUGMENTATIONS = ['strong', 'wide'] as const;

export type TrainFlags = DatasetFlags & {
  readonly data: string;
  readonly out: string;
  readonly network: (typeof NETWORKS)[number];
  /** Filters of the compact network's four stages. */
  readonly widths?: readonly number[];
  readonly augmentation?: (typeof AUGMENTATIONS)[number];
  readonly epochs?: number;
  readonly batch?: number;
  readonly seed: string;
  readonly limit?: number;
  readonly validation?: number;
  readonly splitSeed?: string;
  readonly learningRate?: number;
  readonly backend?: (typeof BACKENDS)[number];
  readonly precision: Precision;
  readonly run?: string;
  readonly mlflow?: string;
  readonly from?: string;
  readonly freeze?: string;
  /** Bundles to learn from. */
  readonly teacher?: readonly string[];
  readonly teacherShare?: number;
  /** Run folder of an interrupted run to go on with. */
  readonly resume?: string;
  readonly keepStates?: boolean;
  /** Seconds. */
  readonly saveEvery: number;
  readonly transcriptEvery?: number;
  readonly adversarial?: 'fast-at';
  /** In pixel values from 0 to 1. */
  readonly epsilon: number;
  readonly custodianKey?: string;
};
