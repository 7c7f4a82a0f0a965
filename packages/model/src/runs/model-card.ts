import type { DatasetStatement } from '@testigo/trail';
import { formatCalibration } from '../bundle/calibrated.ts';
import { countParameters } from '../bundle/layers.ts';
import type { BundleParts } from '../bundle/save-bundle.ts';
import type { BundleEvaluation } from '../evaluation/evaluate-bundle.ts';
import type { Interval } from '../evaluation/interval.ts';

/** What only the maker of a model knows: how it was trained, in words, and what to watch for. */
export type CardFacts = {
  readonly summary: string;
  /** How it was trained: recipe, selection, hardware; one paragraph. */
  readonly training: string;
  /** What temperature and conformal quantile were fitted on, where not on rows of the dataset. */
  readonly calibration?: string;
  /** Further measured facts, each a bullet: other seeds, robustness, other data. */
  readonly notes?: readonly string[];
};

export type CardRequest = {
  readonly parts: BundleParts;
  readonly evaluation: BundleEvaluation | null;
  readonly statement: DatasetStatement;
  readonly calibrationRows: number;
  readonly facts: CardFacts;
};

const percent = (value: number): string => (100 * value).toFixed(1);
const share = (value: number, [low, high]: Interval): string =>
  `${percent(value)} % [${percent(low)}, ${percent(high)}]`;

const INTENDED = `## What it is for

One weak, calibrated signal about the expression that a face shows in one picture, recorded so that it can be
audited later. A reading is evidence of what the model said, not of what a person felt.

## What it must not be used for

- To decide that a person lies, is nervous, or commits a fraud: no sound evidence ties facial expression to deception.
- As the sole or main ground of any decision about a person. A reviewer and an objective fact must stand beside it
  (EU AI Act Art. 5(1)(d), 14; GDPR Art. 22).
- On employees, call agents, candidates, pupils or students (EU AI Act Art. 5(1)(f)), or on anyone who was not told
  (Art. 50(3)).
- To infer emotion, mood, health, or any protected trait. It names the look of a face, as crowd workers labelled it.
- On children, on non-photographic faces, or on faces smaller than about 40 pixels: it was not measured there.

## The science against it

Barrett, Adolphs, Marsella, Martinez and Pollak (2019, Psychological Science in the Public Interest 20:1) reviewed over
1,000 studies: people scowl in fewer than a third of the times they are angry, and scowl when they are not; how faces
move differs across people, cultures and situations. "Emotion recognition" from a picture is therefore the recognition
of posed or stereotyped expressions. Microsoft retired such inference from its face service in 2022 for this reason.`;

const FER2013_LIMITS = `## Limits of the data

FER-2013 was gathered by web search in 2013 and labelled with about 65 % human agreement; FER+'s ten taggers contradict
28.5 % of its labels by majority. It has 1,853 redundant copies, 57 groups of copies with contradictory labels, and 280
PublicTest pictures that are also in Training: read the leak-free figure. Disgust has 1.5 % of the pictures. It says
nothing of age, gender or skin tone, so accuracy by group is unknown; shift across groups has to be measured on other data.`;

const limitsOf = ({ predicate: { name } }: DatasetStatement): string =>
  name === 'fer2013'
    ? FER2013_LIMITS
    : `## Limits of the data

This card knows nothing of how ${name} was gathered and labelled, nor of age, gender or skin tone in it: accuracy by group
is unknown. Copies within it that are not exact are not found, so the leak-free figure may still flatter.`;

const classTable = (evaluation: BundleEvaluation): string =>
  [
    '| class | precision | recall | F1 | pictures |',
    '|---|---|---|---|---|',
    ...Object.entries(evaluation.perClass).map(
      ([name, c]) =>
        `| ${name} | ${share(c.precision, c.precisionInterval)} | ${share(c.recall, c.recallInterval)} | ${share(c.f1, c.f1Interval)} | ${c.support} |`,
    ),
  ].join('\n');

const figures = (evaluation: BundleEvaluation): string => {
  const { leakFree, tenCrop, conformal, calibration, selective } = evaluation;
  const half = selective.find((point) => point.coverage === 0.5);
  return `## Figures (${evaluation.source}, ${evaluation.split}, ${evaluation.count} pictures; 95 % intervals)

| | |
|---|---|
| accuracy, one view | ${share(evaluation.accuracy, evaluation.accuracyInterval)} |
| macro F1 | ${share(evaluation.macroF1, evaluation.macroF1Interval)} |
${leakFree ? `| leak-free accuracy (${leakFree.removed} exact copies of training pictures left out) | ${share(leakFree.accuracy, leakFree.accuracyInterval)} |\n` : ''}${tenCrop ? `| accuracy, ten crops | ${share(tenCrop.accuracy, tenCrop.accuracyInterval)} |\n` : ''}| ECE, 15 bins, after ${formatCalibration(calibration)} (before: ${calibration.eceBefore.toFixed(3)}) | ${evaluation.ece.toFixed(3)} [${evaluation.eceInterval.map((v) => v.toFixed(3)).join(', ')}] |
${conformal ? `| conformal sets promised to cover ${percent(conformal.target)} % | cover ${share(conformal.coverage, conformal.coverageInterval)} with ${conformal.meanSetSize.toFixed(2)} labels on average |\n` : ''}${half ? `| accuracy on the more confident half | ${share(half.accuracy, half.accuracyInterval)} |\n` : ''}
${classTable(evaluation)}`;
};

const trainedOn = ({ parts, statement, facts, calibrationRows }: CardRequest): string => {
  const { predicate } = statement;
  return `## What it was trained on

${predicate.name}: ${predicate.selection.size} of ${predicate.size} pictures, dataset root \`${parts.dataset.root}\`, selection root
\`${parts.dataset.selectionRoot}\`, licence ${predicate.licence}. The pictures are not part of this bundle.

${facts.training}

Temperature and conformal quantile: ${facts.calibration ?? (calibrationRows > 0 ? `fitted on ${calibrationRows} pictures that trained nothing.` : 'not fitted.')}
Weights are stored as ${parts.precision}; every figure here is of the weights as stored.`;
};

/** A model card (Mitchell et al. 2019) in Markdown. */
export const renderCard = (request: CardRequest): string => {
  const { parts, evaluation, facts } = request;
  const notes = facts.notes?.length
    ? `\n\n## Measured besides\n\n${facts.notes.map((note) => `- ${note}`).join('\n')}`
    : '';
  return `# Model card: ${parts.name}

${facts.summary} ${parts.architecture}, ${countParameters(parts.network.weights).toLocaleString('en')} parameters, 48x48 gray faces in,
seven expression classes out.

${INTENDED}

${trainedOn(request)}

${evaluation ? figures(evaluation) : '## Figures\n\nNot measured: no test rows were given.'}${notes}

${limitsOf(request.statement)}
`;
};
