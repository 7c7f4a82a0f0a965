// What a schema of single fields cannot say: rules between the fields of one record (docs/spec/record.md, "Rules").
import type { TrailRecord } from './schema.ts';

/** Clocks of the platform and of the service may differ by this much; more is a reason to refuse. */
const CLOCK_SKEW_SECONDS = 1;

const ruleOf = (holds: boolean, breach: string): string | undefined => (holds ? undefined : breach);
const isPast = (event: number, time: number): boolean => event <= time + CLOCK_SKEW_SECONDS;

/** The first rule that the record breaks, or undefined. */
export function describeBreach(record: TrailRecord): string | undefined {
  switch (record.type) {
    case 'DETECTION':
      return ruleOf(
        isPast(record.noticeShownAt, record.time) && record.sequence > 0,
        'a detection follows the notice and the SESSION_OPEN record',
      );
    case 'REFUSAL':
      return ruleOf(
        (record.sessionId === undefined) === (record.sequence === undefined),
        'sessionId and sequence come together',
      );
    case 'SESSION_OPEN':
      return ruleOf(
        record.sequence === 0 &&
          isPast(record.noticeShownAt ?? 0, record.time) &&
          isPast(record.consentGivenAt ?? 0, record.time),
        'a session opens with sequence 0, and notice and consent lie in the past',
      );
    case 'SESSION_CLOSE': {
      const { detections, refusals, reviews, overrides } = record.counts;
      return ruleOf(
        record.openedAt <= record.time && record.sequence === 1 + detections + refusals + reviews + overrides,
        'sequence is 1 plus the counts, and openedAt is not after time',
      );
    }
    case 'LEGAL_HOLD':
      return ruleOf(
        (record.action === 'release') === (record.hold !== undefined),
        'a release, and only a release, names its hold',
      );
    default:
      return undefined;
  }
}
