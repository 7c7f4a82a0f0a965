// The field types that records are made of.
import { z } from 'zod';

/** 32 bytes as lowercase hex. */
export const digest = z.string().regex(/^[0-9a-f]{64}$/);
/** 16 random bytes as lowercase hex. */
export const identifier = z.string().regex(/^[0-9a-f]{32}$/);
/**
 * A person in a professional role, as 16 bytes of a keyed hash (docs/spec/record.md, "Pseudonyms"). A token would do
 * for a name, which is why it is not one.
 */
export const pseudonym = z.string().regex(/^[0-9a-f]{32}$/);
/** A code from somebody's list, never free text: free text is where personal data slips into a log. */
export const token = z.string().regex(/^[a-z0-9][a-z0-9._:-]{0,63}$/);
/** Whole seconds since 1970-01-01T00:00:00Z: exact times are committed, not published. */
export const seconds = z.int().min(0).max(253_402_300_799);
export const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
export const address = z.string().regex(/^0x[0-9a-f]{40}$/);
/** Salted commitments by field name (docs/spec/commitments.md). */
export const commitments = z.record(z.string().regex(/^[a-z][a-zA-Z0-9]{0,31}$/), digest);
