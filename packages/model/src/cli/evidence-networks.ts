import type { FaceSet } from '../data/face-set.ts';
import type { Evidence } from '../evidence/evidence-file.ts';
import { joinNetworks, type NetworkEvidenceOptions, planNetworks } from '../evidence/network-evidence.ts';
import { countGpus, runNetworks } from '../evidence/run-networks.ts';
import { compactNetwork, MISSION_NETWORK } from '../network/spec.ts';
import { COMPACT_TRAINING } from '../training/config.ts';
import type { CommandContext } from './context.ts';
import type { Progress } from './progress.ts';

export type NetworksFlags = {
  readonly folds: number;
  readonly epochs?: number;
  readonly seed: string;
  readonly network: 'mission' | 'compact';
  readonly backend?: string;
  readonly processes?: number;
};

const EPOCHS = 30;
/** Steps after which a network's own estimate of its time is worth telling. */
const FIRST_STEPS = 10;

const formatHours = (ms: number): string =>
  ms < 5_400_000 ? `${Math.max(1, Math.round(ms / 60_000))} min` : `${(ms / 3_600_000).toFixed(1)} h`;

/** Evidence of kind out-of-fold-networks; says early how long it will take. */
export const collectNetworkEvidence = async (
  flags: NetworksFlags,
  set: FaceSet,
  datasetRoot: string,
  context: CommandContext,
  progress: Progress,
): Promise<Evidence> => {
  const epochs = flags.epochs ?? EPOCHS;
  const options: NetworkEvidenceOptions = {
    spec: flags.network === 'mission' ? MISSION_NETWORK : compactNetwork(),
    // The mission's own recipe needs a validation split to stop by; here every network takes the same steps.
    config: { ...COMPACT_TRAINING, epochs, ...(flags.network === 'mission' ? { learningRate: 0.02 } : {}) },
    ...{ seed: flags.seed, folds: flags.folds, datasetRoot },
  };
  const jobs = planNetworks(set, options);
  const processes = flags.processes ?? countGpus();
  const steps = jobs.map(
    ({ trained, config }) =>
      Math.floor(trained.length / Math.max(1, Math.min(config.batchSize, trained.length))) * epochs,
  );
  const total = steps.reduce((sum, count) => sum + count, 0);
  const done = jobs.map(() => 0);
  let isToldOfTime = false;
  const readings = await runNetworks({
    ...{ jobs, processes, signal: context.signal, data: { images: set.pixels, labels: set.labels } },
    ...(flags.backend ? { backend: flags.backend } : {}),
    onMessage: (network, message) => {
      if (message.type === 'backend') {
        if (network === 0) context.stderr.write(`backend: ${message.text}\n`);
        return;
      }
      done[network] = message.done;
      const sum = done.reduce((a, b) => a + b, 0);
      progress.update(sum, total, `network ${network + 1} of ${jobs.length}`);
      if (isToldOfTime || message.done < Math.min(FIRST_STEPS, steps[network]!)) return;
      isToldOfTime = true;
      const leftMs = (message.etaMs * total) / steps[network]! / Math.min(processes, jobs.length);
      progress.pause(() =>
        context.stderr.write(
          `${jobs.length} networks of ${epochs} epochs, ${processes} at a time: about ${formatHours(leftMs)} here, and each reads its pictures on the CPU afterwards\n`,
        ),
      );
    },
  });
  return joinNetworks(set, options, jobs, readings);
};
