import { parseModelManifest } from '@testigo/trail';
import type { ChainAnswer } from '../chain/facts.ts';
import type { ModelBundle } from '../files/model-folder.ts';
import { readSamples } from '../files/read-samples.ts';
import { describeSamples, type SampleSet } from '../verify/check-samples.ts';
import { attempt } from '../verify/checked.ts';
import type { ModelClaim } from '../verify/model-claim.ts';
import type { ClaimInput } from '../verify/verify-records.ts';
import { lookUpFacts } from './look-up.ts';
import { sourcesOf, type VerifyContext } from './verify-bundle.ts';

/**
 * The registry's word and the files at hand for what records say about models. Claims that name the same model and
 * dataset share one look-up, and those of one model one reading of the samples.
 */
export async function lookUpClaims(
  { io, options, trust, models, progress }: VerifyContext,
  claims: readonly ModelClaim[],
): Promise<ClaimInput[]> {
  const answers = new Map<string, ChainAnswer>();
  const samplesOf = new Map<ModelBundle | undefined, SampleSet>();

  const lookUp = async ({ modelVersion }: ModelClaim, datasetRoot: string | undefined) => {
    const key = `${modelVersion} ${datasetRoot}`;
    const query = { modelVersion, ...(datasetRoot !== undefined && { datasetRoot }) };
    const answer = answers.get(key) ?? (await lookUpFacts(io, options, trust, query));
    answers.set(key, answer);
    return answer;
  };
  const read = async (path: string, model: ModelBundle | undefined) => {
    const samples =
      samplesOf.get(model) ?? (await readSamples(path, describeSamples(model?.datasetEnvelope)));
    samplesOf.set(model, samples);
    return samples;
  };

  const inputs: ClaimInput[] = [];
  for (const claim of claims) {
    const model = models.find(({ version }) => version === claim.modelVersion);
    const named = attempt(() => parseModelManifest(model?.folder.manifest ?? new Uint8Array(0)).dataset.root);
    const datasetRoot = claim.datasetRoot ?? ('value' in named ? named.value : undefined);
    const chain = await lookUp(claim, datasetRoot);
    const samples = options.samples === undefined ? undefined : await read(options.samples, model);
    const { modelManifest, datasetEnvelope, folder: modelFolder } = model ?? {};
    const sources = sourcesOf(model);
    inputs.push({ claim, chain, shown: { modelManifest, datasetEnvelope, sources, modelFolder, samples } });
    progress.advance('models', inputs.length, claims.length);
  }
  return inputs;
}
