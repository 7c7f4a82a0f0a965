import {
  type Finding,
  fromBase64,
  type ModelManifest,
  modelVersionOf,
  parseModelManifest,
  toHex,
} from '@testigo/trail';
import type { RegistryFacts } from '../chain/facts.ts';
import type { ModelFolder } from '../files/model-folder.ts';
import { makeFinding } from '../findings/table.ts';
import { formatTime } from '../report/format-time.ts';
import { attempt, type Checked } from './checked.ts';
import type { ModelClaim } from './model-claim.ts';

/** Is it the manifest of the model that the record names? */
export function checkManifest(
  base64: string | undefined,
  claim: ModelClaim,
  source: string,
): Checked<ModelManifest> {
  const expected = `model version ${claim.modelVersion}`;
  if (base64 === undefined)
    return { findings: [makeFinding('model-manifest-missing', { expected, source })] };
  const bytes = attempt(() => fromBase64(base64));
  if ('reason' in bytes)
    return { findings: [makeFinding('model-manifest-malformed', { seen: bytes.reason, source })] };
  return checkManifestBytes(bytes.value, claim, source);
}

export function checkManifestBytes(
  bytes: Uint8Array,
  claim: ModelClaim,
  source: string,
): Checked<ModelManifest> {
  const expected = `model version ${claim.modelVersion}`;
  const read = attempt(() => parseModelManifest(bytes));
  if ('reason' in read)
    return { findings: [makeFinding('model-manifest-malformed', { seen: read.reason, source })] };
  const version = toHex(modelVersionOf(bytes));
  if (version !== claim.modelVersion) {
    const seen = `a manifest with digest ${version}`;
    return {
      findings: [makeFinding('model-version-mismatch', { expected, seen, source })],
      value: read.value,
    };
  }
  const { dataset, preprocessing } = read.value;
  const stated = { datasetRoot: dataset.root, datasetSize: dataset.size, preprocessing };
  for (const key of ['datasetRoot', 'datasetSize', 'preprocessing'] as const) {
    const wanted = claim[key];
    if (wanted !== undefined && wanted !== stated[key]) {
      const code = key === 'preprocessing' ? 'model-preprocessing-mismatch' : 'model-dataset-mismatch';
      const finding = makeFinding(code, {
        expected: `${key} ${wanted}, as in the record`,
        seen: String(stated[key]),
        source,
      });
      return { findings: [finding], value: read.value };
    }
  }
  return { findings: [], value: read.value };
}

/** Does the registry vouch for this model, on this dataset, to this day? */
export function checkRegistration(claim: ModelClaim, facts: RegistryFacts | undefined): Finding {
  const expected = `model ${claim.modelVersion} registered${claim.datasetRoot === undefined ? '' : ` on dataset ${claim.datasetRoot}`}`;
  if (facts === undefined) return makeFinding('model-unchecked', { expected, source: 'registry: modelOf' });
  const { model } = facts;
  const source = `${facts.source}, registry: modelOf`;
  if (model === undefined)
    return makeFinding('model-unregistered', { expected, seen: 'no such model', source });
  if (model.revokedAt !== undefined)
    return makeFinding('model-revoked', { expected, seen: `revoked ${formatTime(model.revokedAt)}`, source });
  const seen = `registered on dataset ${model.datasetRoot}, not revoked`;
  if (!model.isFinal) return makeFinding('model-not-final', { expected, seen, source });
  const code =
    claim.datasetRoot === undefined || model.datasetRoot === claim.datasetRoot
      ? 'model-registered'
      : 'model-dataset-mismatch';
  return makeFinding(code, { expected, seen, source });
}

/** Is the manifest at hand, where there is one, that of the model? */
export function checkFolderManifest(
  modelVersion: string,
  { manifest, source }: Pick<ModelFolder, 'manifest' | 'source'>,
): Finding[] {
  const version = manifest === undefined ? modelVersion : toHex(modelVersionOf(manifest));
  if (version === modelVersion) return [];
  const [expected, seen] = [`digest ${modelVersion}`, `digest ${version}`];
  return [makeFinding('model-manifest-differs', { expected, seen, source: `${source}/manifest.json` })];
}

/** Are the files at hand, the weights above all, the ones that the manifest names? */
export function checkModelFiles(
  manifest: ModelManifest | undefined,
  modelVersion: string,
  folder: ModelFolder,
): Finding[] {
  const differing = checkFolderManifest(modelVersion, folder);
  if (differing.length > 0) return differing;
  const own = folder.manifest;
  const read = own === undefined ? undefined : attempt(() => parseModelManifest(own));
  const named = manifest ?? (read !== undefined && 'value' in read ? read.value : undefined);
  if (named === undefined) return [makeFinding('model-manifest-missing', { source: folder.source })];
  const problems = named.files.flatMap(({ name, bytes, sha256 }): Finding[] => {
    const file = folder.files.get(name);
    const source = `${folder.source}/${name}`;
    const expected = `${bytes} bytes, SHA-256 ${sha256}`;
    if (file === undefined) return [makeFinding('model-file-missing', { expected, seen: 'no file', source })];
    const isSame = file.bytes === bytes && file.sha256 === sha256;
    return isSame
      ? []
      : [
          makeFinding('model-file-mismatch', {
            expected,
            seen: `${file.bytes} bytes, SHA-256 ${file.sha256}`,
            source,
          }),
        ];
  });
  if (problems.length > 0) return problems;
  const seen = `${named.files.length} files: ${named.files.map((file) => file.name).join(', ')}`;
  return [
    makeFinding('model-weights-match', {
      expected: 'the digests in the manifest',
      seen,
      source: folder.source,
    }),
  ];
}
