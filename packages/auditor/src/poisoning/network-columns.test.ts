import { describe, expect, it } from 'vitest';
import { drawEvidence, floats } from '../../test/synthetic-evidence.ts';
import { drawSyntheticFaces } from '../../test/synthetic-faces.ts';
import { parseEvidenceFile } from './evidence-file.ts';
import { analyseNetwork } from './network-columns.ts';
import { TaskPool } from './parallel/pool.ts';
import { CLASSES } from './sample-set.ts';

const set = drawSyntheticFaces(140, 'columns');
const rows = Uint32Array.from({ length: set.size }, (_, row) => row);

async function scoresOf(more: Parameters<typeof drawEvidence>[3]) {
  const pool = new TaskPool(set, 1);
  try {
    const evidence = parseEvidenceFile(drawEvidence(set, set.labels, () => false, more));
    return (await analyseNetwork(set, evidence, rows, pool)).scores;
  } finally {
    await pool.close();
  }
}

describe('analyseNetwork', () => {
  it('takes the heads of the file into the contradiction of a label, and leaves them out of its error', async () => {
    // heads that are sure of the next class, whatever the label
    const heads = new Float32Array(set.size * CLASSES);
    for (const row of rows) heads[row * CLASSES + ((set.labels[row]! + 1) % CLASSES)] = 1;
    const alone = await scoresOf({});
    const joined = await scoresOf({ headProbabilities: floats(heads, [set.size, CLASSES]) });
    expect(joined['label-error']).toEqual(alone['label-error']);
    const higher = rows.filter(
      (row) => joined['label-contradiction']![row]! > alone['label-contradiction']![row]!,
    );
    expect(higher).toEqual(rows);
  });
});
