import { type BundleContents, readBundle } from '../bundle/read-bundle.ts';
import { ModelError } from '../errors.ts';
import type { FerNetwork } from '../network/build.ts';
import type { NetworkSpec } from '../network/spec.ts';
import type { TrainingConfig } from '../training/config.ts';
import { loadNetwork } from './fine-tune.ts';

/** A trained network that another one learns from, and its bundle. */
export type Teacher = { readonly network: FerNetwork; readonly contents: BundleContents };

const WEIGHTS = 'weights.bin';

/** What a network is shown: teacher and student look at the very same numbers. */
const inputOf = ({ inputSize, mean, std }: NetworkSpec): string =>
  `${inputSize}x${inputSize} pictures of mean ${mean} and deviation ${std}`;

const readTeacher = (folder: string, student: NetworkSpec): BundleContents => {
  const contents = readBundle(folder);
  const spec = contents.networkSpec as NetworkSpec | null;
  if (!spec)
    throw new ModelError('teacher-unfit', {
      path: folder,
      seen: 'it does not say how to build its network, so it cannot be asked',
    });
  const [expected, seen] = [inputOf(student), inputOf(spec)];
  if (seen !== expected)
    throw new ModelError('teacher-unfit', {
      path: folder,
      seen: `it reads ${seen}, the network to train reads ${expected}`,
    });
  return contents;
};

const digestOf = ({ manifest }: BundleContents): string =>
  manifest.files.find(({ name }) => name === WEIGHTS)!.sha256;

/**
 * SHA-256 of each teacher's weights.bin, as its manifest names it.
 * @throws ModelError teacher-unfit, and what `readBundle` throws
 */
export const digestTeachers = (folders: readonly string[], student: NetworkSpec): string[] =>
  folders.map((folder) => digestOf(readTeacher(folder, student)));

type Taught = {
  /** Absent in what a run folder of an older version says. */
  readonly teachers?: readonly string[];
  readonly network: NetworkSpec;
  readonly training: Pick<TrainingConfig, 'distillation'>;
};

/** The teachers of a run, with the very weights that it names. @throws ModelError teacher-unfit */
export const prepareTeachers = ({ teachers: folders = [], network, training }: Taught): Teacher[] =>
  folders.map((path, i) => {
    const contents = readTeacher(path, network);
    const [expected, seen] = [training.distillation?.teachers[i], digestOf(contents)];
    if (seen !== expected)
      throw new ModelError('teacher-unfit', {
        path,
        seen: `SHA-256 of its ${WEIGHTS} is ${seen}, the run learnt from ${expected}`,
      });
    return { network: loadNetwork(contents), contents };
  });
