import { describe, expect, it } from 'vitest';
import { findPersonalData } from './personal-data.ts';
import {
  findProtectedTraits,
  judgeClock,
  judgeDecision,
  judgeDeletion,
  judgeNotice,
  judgeRole,
  RETENTION_MS,
} from './rules.ts';

const now = 1_795_000_000_000;
const noRecord = () => false;

describe('the ten refusals, as decisions', () => {
  it('1: workers, candidates and students only on a documented medical or safety ground; bystanders never', () => {
    expect(judgeRole('customer', undefined)).toBeUndefined();
    for (const role of ['employee', 'agent', 'candidate', 'student'] as const) {
      expect(judgeRole(role, undefined)).toBe('role-not-allowed');
      expect(judgeRole(role, { kind: 'productivity', document: 'doc-1' })).toBe('role-not-allowed');
      expect(judgeRole(role, { kind: 'safety', document: '' })).toBe('role-not-allowed');
      expect(judgeRole(role, { kind: 'medical', document: 'dpia-7' })).toBeUndefined();
    }
    expect(judgeRole('bystander', { kind: 'medical', document: 'dpia-7' })).toBe('role-not-allowed');
  });

  it('2: notice first, and consent where it is the basis', () => {
    const basis = { legalBasis: 'contract' };
    expect(judgeNotice(basis, now)).toBe('notice-missing');
    expect(judgeNotice({ ...basis, noticeShownAtMs: now + 5_000 }, now)).toBe('notice-missing');
    expect(judgeNotice({ ...basis, noticeShownAtMs: now - 5_000 }, now)).toBeUndefined();
    expect(judgeNotice({ legalBasis: 'consent', noticeShownAtMs: now }, now)).toBe('consent-missing');
    expect(
      judgeNotice({ legalBasis: 'consent', noticeShownAtMs: now, consentGivenAtMs: now }, now),
    ).toBeUndefined();
  });

  it('4: a person decides, on a fact that is no reading', () => {
    const fact = 'id-document-check';
    expect(judgeDecision({ factReference: fact }, noRecord)).toBe('reviewer-missing');
    expect(judgeDecision({ reviewer: 'auto-reviewer', factReference: fact }, noRecord)).toBe(
      'reviewer-missing',
    );
    expect(judgeDecision({ reviewer: 'r-17' }, noRecord)).toBe('fact-missing');
    expect(judgeDecision({ reviewer: 'r-17', factReference: 'emotion-score' }, noRecord)).toBe(
      'fact-missing',
    );
    expect(judgeDecision({ reviewer: 'r-17', factReference: 'abc' }, () => true)).toBe('fact-missing');
    expect(judgeDecision({ reviewer: 'r-17', factReference: fact }, noRecord)).toBeUndefined();
  });

  it('5: no protected traits, no lie scores', () => {
    const emotions = ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral', 'contempt'];
    expect(findProtectedTraits(emotions)).toEqual([]);
    const traits = [
      'gender',
      'female',
      'age-30',
      'ethnicity',
      'black',
      'lie',
      'deception',
      'fraud-risk',
      'religion',
    ];
    expect(findProtectedTraits(traits)).toEqual(traits);
  });

  it('6: nothing that looks like a person in a public field', () => {
    const clean = {
      type: 'DETECTION',
      id: '0'.repeat(32),
      purpose: 'fraud-detection',
      notice: 'notice-2026-11',
      time: 1,
      n: ['v1.2'],
    };
    expect(findPersonalData(clean)).toEqual([]);
    const personal = [
      'a@b.example',
      'anna.at.example.com',
      '+44-20-7946-0958',
      '4111111111111111',
      'de89370400440532013000',
      '1984-03-07',
      '123.456.789-09',
      'frau-schmidt',
    ];
    for (const value of personal) expect(findPersonalData({ purpose: value })).toEqual(['purpose']);
    expect(findPersonalData({ deep: { list: ['ok', '0176-1234567'] } })).toEqual(['deep.list.1']);
  });

  it('9: half a year, or a ground that overrides it', () => {
    expect(judgeDeletion(now - 1_000, now, undefined)).toBe('retention-period');
    expect(judgeDeletion(now - 1_000, now, 'court-order')).toBeUndefined();
    expect(judgeDeletion(now - RETENTION_MS, now, undefined)).toBeUndefined();
  });

  it('10: a second of skew, and no pictures from the future', () => {
    expect(judgeClock({}, now)).toBeUndefined();
    expect(judgeClock({ sentAtMs: now - 1_001 }, now)).toBe('clock-skew');
    expect(judgeClock({ sentAtMs: now + 1_001 }, now)).toBe('clock-skew');
    expect(judgeClock({ sentAtMs: now - 900, capturedAtMs: now - 60_000 }, now)).toBeUndefined();
    expect(judgeClock({ capturedAtMs: now + 1_500 }, now)).toBe('clock-skew');
  });
});
