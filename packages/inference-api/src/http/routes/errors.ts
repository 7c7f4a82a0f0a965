import { z } from 'zod';
import { ApiError } from '../../errors.ts';
import { defineOperation } from '../operation.ts';

type Descriptors = Readonly<
  Record<string, { readonly title: string; readonly help: string; readonly httpStatus: number }>
>;

/** The page that a problem's `type` points to. */
export const errorOperations = (descriptors: Descriptors) => [
  defineOperation({
    id: 'explainError',
    method: 'get',
    path: '/errors/:code',
    tag: 'Operation',
    scope: 'public',
    summary: 'What an error code means and what to do about it.',
    params: z.object({ code: z.string().regex(/^[a-z-]{1,64}$/) }),
    replies: {
      200: {
        description: 'The explanation.',
        schema: z.object({ code: z.string(), title: z.string(), help: z.string(), httpStatus: z.int() }),
      },
    },
    errors: ['not-found'],
    handle: ({ params: { code } }) => {
      const descriptor = Object.hasOwn(descriptors, code) ? descriptors[code] : undefined;
      if (!descriptor) throw new ApiError('not-found');
      return { status: 200, body: { code, ...descriptor } };
    },
  }),
];
