import createOpenApiClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './generated/paths.ts';

/** The forms of the API by name, for instance `Schemas['Detection']`. */
export type Schemas = components['schemas'];
export type Problem = Schemas['Problem'];
export type TestigoClient = Client<paths>;

export type ClientOptions = {
  /** For instance https://testigo.example.com */
  readonly baseUrl: string;
  /** API key or JWT; none for a service in open mode. */
  readonly token?: string;
  /** Another fetch, for instance one with retries. */
  readonly fetch?: (request: Request) => Promise<Response>;
};

/** Typed calls of every operation in /openapi.json: `client.POST('/v1/sessions', { body })`. */
export const createTestigoClient = ({ baseUrl, token, fetch }: ClientOptions): TestigoClient =>
  createOpenApiClient<paths>({
    baseUrl,
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    ...(fetch === undefined ? {} : { fetch }),
  });

/** The service's refusal. Branch on `problem.code`; a `problem.recordId` says that the refusal is on record. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.detail ?? problem.title}`);
    this.problem = problem;
  }
}

const isProblem = (error: unknown): error is Problem =>
  typeof error === 'object' && error !== null && 'code' in error && 'status' in error;

/**
 * The answer's body.
 * @throws ProblemError where the service refused
 * @throws Error where something else than the service answered, such as a proxy
 */
export const unwrap = async <T>(
  answer: Promise<{ readonly data?: T; readonly error?: unknown; readonly response: Response }>,
): Promise<T> => {
  const { data, error, response } = await answer;
  if (response.ok) return data as T;
  if (isProblem(error)) throw new ProblemError(error);
  throw new Error(`status ${response.status} without a problem document: not the service's own answer`);
};
