import { buildOpenApi } from '../openapi.ts';
import type { Operation } from '../operation.ts';
import { defineOperation } from '../operation.ts';
import { renderOpenApi } from '../render-openapi.ts';

/** The API's own description, made once from the operations themselves, these two included. */
export const describeApi = (operations: readonly Operation[]): readonly Operation[] => {
  const document: { json?: Record<string, unknown>; page?: string } = {};
  const all: readonly Operation[] = [
    ...operations,
    defineOperation({
      id: 'getOpenApi',
      method: 'get',
      path: '/openapi.json',
      tag: 'Operation',
      summary: 'This API as OpenAPI 3.1.',
      scope: 'public',
      replies: { 200: { description: 'The document.', contentType: 'application/json' } },
      handle: () => ({ status: 200, body: document.json }),
    }),
    defineOperation({
      id: 'getDocs',
      method: 'get',
      path: '/docs',
      tag: 'Operation',
      summary: 'This API as a page to read.',
      scope: 'public',
      replies: { 200: { description: 'The page.', contentType: 'text/html' } },
      handle: () => ({ status: 200, body: document.page, contentType: 'text/html' }),
    }),
  ];
  document.json = buildOpenApi(all);
  document.page = renderOpenApi(document.json);
  return all;
};
