import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { checkLocal } from '../http/local-only.ts';
import { cutOff, sendProblem, toApiError } from '../http/problem.ts';
import { createIngestRouter } from './ingest-router.ts';
import type { TransparencyLog } from './log.ts';
import { createLogRouter } from './router.ts';

/**
 * It asks nobody who they are: a web page that the same machine's browser shows must not write into it. What it serves is for
 * everybody, under whatever name a proxy before it has.
 */
const refusePages: RequestHandler = (request, _response, next) => {
  checkLocal(request, []);
  next();
};

/** A log alone over HTTP: it takes canonical records from anybody who can reach it, and serves them in the C2SP formats. */
export const createLogApp = (log: TransparencyLog, onFailure: (error: unknown) => void): Express => {
  const handleErrors: ErrorRequestHandler = (thrown, _request, response, _next) => {
    const error = toApiError(thrown);
    if (error.httpStatus >= 500) onFailure(error.cause ?? error);
    if (response.headersSent) cutOff(response);
    else sendProblem(response, error);
  };
  return express()
    .disable('etag')
    .disable('x-powered-by')
    .use(createLogRouter(log), refusePages, createIngestRouter(log), handleErrors);
};
