import { z } from 'zod';
import { ApiError } from '../errors.ts';

export const pageQuery = z.object({
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, 'a whole number from 1 to 999')
    .optional()
    .meta({ description: '50 if absent.' }),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,200}$/)
    .optional()
    .meta({ description: '`nextCursor` of the page before. Opaque.' }),
});

export const limitOf = (query: z.infer<typeof pageQuery>): number => Number(query.limit ?? 50);

export const encodeCursor = (position: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url');

/** @throws ApiError bad-request where the cursor is not one that this endpoint made */
export const decodeCursor = <T extends z.ZodType>(
  cursor: string | undefined,
  form: T,
): z.infer<T> | undefined => {
  if (cursor === undefined) return undefined;
  try {
    return form.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch (cause) {
    throw new ApiError('bad-request', 'The cursor is not one of this endpoint.', { cause });
  }
};
