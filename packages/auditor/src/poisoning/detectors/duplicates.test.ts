import { describe, expect, it } from 'vitest';
import { drawSyntheticFaces } from '../../../test/synthetic-faces.ts';
import { PIXELS, type SampleSet } from '../sample-set.ts';
import { findDuplicates } from './duplicates.ts';

/** Rows 10 to 13 copy row 0 (13 with another label, 12 in another split), 20 is row 1 brightened, 30 is black. */
function drawDirtySet(): SampleSet {
  const set = drawSyntheticFaces(60, 'duplicates');
  for (const row of [10, 11, 12, 13]) copyRow(set, 0, row);
  set.labels[13] = (set.labels[0]! + 1) % 7;
  set.splits[12] = 1;
  copyRow(set, 1, 20);
  for (let i = 0; i < PIXELS; i++)
    set.pixels[20 * PIXELS + i] = Math.min(255, set.pixels[20 * PIXELS + i]! + 4);
  set.pixels.fill(0, 30 * PIXELS, 31 * PIXELS);
  return { ...set, splitNames: ['Training', 'PublicTest'] };
}

function copyRow(set: SampleSet, from: number, to: number): void {
  set.pixels.copyWithin(to * PIXELS, from * PIXELS, (from + 1) * PIXELS);
  set.labels[to] = set.labels[from]!;
}

describe('findDuplicates', () => {
  const report = findDuplicates(drawDirtySet());

  it('groups exact copies, and names contradictory labels and split leaks among them', () => {
    expect(report.exact).toEqual([[0, 10, 11, 12, 13]]);
    expect(report.conflicts).toEqual([[0, 10, 11, 12, 13]]);
    expect(report.splitLeaks).toEqual([[0, 10, 11, 12, 13]]);
    expect(report.floods).toEqual([]);
  });

  it('links a brightened copy as near, never as exact', () => {
    expect(report.near).toEqual([[1, 20]]);
    expect(report.representative[20]).toBe(1);
  });

  it('lists constant images apart from the groups', () => {
    expect(report.constant).toEqual([30]);
  });

  it('calls a group of more than five copies a flood', () => {
    const set = drawDirtySet();
    for (const row of [14, 15, 16]) copyRow(set, 0, row);
    expect(findDuplicates(set).floods).toEqual([[0, 10, 11, 12, 13, 14, 15, 16]]);
  });
});
