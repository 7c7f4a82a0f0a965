type Descriptor = { readonly title: string; readonly help: string; readonly httpStatus: number };

/** What can be wrong with a request, a picture, or the standing of the model. Joined into API_ERRORS. */
export const REQUEST_ERRORS = {
  'bad-request': {
    title: 'The request is not what this endpoint takes',
    help: 'The errors member lists each field and what was wrong with it; /openapi.json has the full form.',
    httpStatus: 400,
  },
  'bad-json': {
    title: 'The body is not JSON',
    help: 'Send UTF-8 JSON with content-type application/json.',
    httpStatus: 400,
  },
  'not-found': {
    title: 'There is nothing here',
    help: 'Check the path and the id; ids are 32 lowercase hexadecimal digits.',
    httpStatus: 404,
  },
  'method-not-allowed': {
    title: 'This path does not take that method',
    help: 'The Allow header names the methods it takes.',
    httpStatus: 405,
  },
  'body-too-large': {
    title: 'The body is larger than this server takes',
    help: 'Shrink the picture (640 pixels of width are enough) or ask the operator to raise limits.bodyBytes.',
    httpStatus: 413,
  },
  'unsupported-media-type': {
    title: 'This endpoint does not take that content type',
    help: 'Send application/json, or multipart/form-data where the endpoint says so.',
    httpStatus: 415,
  },
  'image-unsupported': {
    title: 'The picture is not a JPEG, PNG or WebP',
    help: 'The format is read from the first bytes. Other formats are refused before any decoder sees them.',
    httpStatus: 415,
  },
  'image-too-large': {
    title: 'The picture has more pixels than this server decodes',
    help: 'Shrink it first. The limits (limits.imagePixels, and 65,535 for each side) guard against decompression bombs.',
    httpStatus: 413,
  },
  'image-unreadable': {
    title: 'The picture cannot be decoded',
    help: 'It is truncated, damaged or takes longer than the decoding limit. Encode it again.',
    httpStatus: 422,
  },
  'deployer-missing': {
    title: 'The session names no deployer',
    help: 'Say whose call it is. Only a key or token that is limited to a deployer may leave it out.',
    httpStatus: 422,
  },
  'session-unknown': {
    title: 'There is no such session',
    help: 'Open one first, or check the id.',
    httpStatus: 404,
  },
  'session-closed': {
    title: 'The session is closed',
    help: 'A closed session takes no more frames: its counts are in the log. Open a new one.',
    httpStatus: 409,
  },
  'subject-erased': {
    title: 'The subject of this session was erased',
    help: 'The key and the payloads are destroyed. The records still verify, but open to nothing.',
    httpStatus: 410,
  },
  'field-unknown': {
    title: 'The record commits to no such field',
    help: 'A DETECTION commits to frame, label, scores and capturedAt.',
    httpStatus: 400,
  },
  unauthenticated: {
    title: 'Nothing says who you are',
    help: 'Send Authorization: Bearer with an API key or a JWT of the configured issuer.',
    httpStatus: 401,
  },
  'issuer-unreachable': {
    title: 'The issuer of tokens cannot be reached',
    help: 'Its keys are needed to verify a JWT. Send the request again after Retry-After; API keys work meanwhile.',
    httpStatus: 503,
  },
  forbidden: {
    title: 'You may not do this',
    help: 'The key or token lacks the scope that this endpoint names, or belongs to another deployer.',
    httpStatus: 403,
  },
  'foreign-origin': {
    title: 'Web pages from elsewhere are not served here',
    help: 'This service asks nobody who they are, so it serves programs of its own machine only. Call it as localhost or 127.0.0.1, list the page in server.corsOrigins, or set auth.mode to required.',
    httpStatus: 403,
  },
  'rate-limited': {
    title: 'Too many requests',
    help: 'Wait for Retry-After seconds; the RateLimit header says what is left.',
    httpStatus: 429,
  },
  'idempotency-mismatch': {
    title: 'The Idempotency-Key was used for another request',
    help: 'A key names one request. Use a fresh one for a different body or path.',
    httpStatus: 422,
  },
  'idempotency-busy': {
    title: 'A request with this Idempotency-Key is still under way',
    help: 'Wait for its answer, then send it again to get the same one.',
    httpStatus: 409,
  },
  'hold-unknown': {
    title: 'There is no such legal hold',
    help: 'The hold is the id of the record that placed it; it may have been released already.',
    httpStatus: 404,
  },
  'key-unknown': {
    title: 'There is no such API key',
    help: 'GET /v1/keys lists the ids.',
    httpStatus: 404,
  },
  'webhook-unknown': {
    title: 'There is no such webhook endpoint',
    help: 'GET /v1/webhooks lists the ids.',
    httpStatus: 404,
  },
  'webhook-target-forbidden': {
    title: 'This URL may not be called',
    help: 'Use https and a public address without credentials; an operator allows further networks with webhooks.allowedNetworks.',
    httpStatus: 422,
  },
  'webhook-limit': {
    title: 'There are as many webhook endpoints as this service keeps, or keeps for one tenant',
    help: 'Delete one that nobody needs, or ask the operator to raise webhooks.maxEndpoints, or webhooks.maxEndpointsPerTenant where detail names it.',
    httpStatus: 409,
  },
  'webhook-disabled': {
    title: 'The webhook endpoint is disabled',
    help: 'Its receiver answered 410 Gone. Register it again to go on.',
    httpStatus: 409,
  },
  'delivery-unknown': {
    title: 'There is no such delivery',
    help: 'GET /v1/webhooks/{id}/deliveries lists them; settled ones are kept for webhooks.keptMs.',
    httpStatus: 404,
  },
  'offer-unfit': {
    title: 'The offer cannot be answered',
    help: 'Offer one sending video track (VP8, VP9, H.264 or AV1) and all candidates at once; a data channel carries the answers.',
    httpStatus: 422,
  },
  'webrtc-unavailable': {
    title: 'This service takes no WebRTC',
    help: 'Use the WebSocket, or ask the operator to set webrtc.enabled and to install the optional package @roamhq/wrtc.',
    httpStatus: 501,
  },
  overloaded: {
    title: 'Too much is asked of the service at once',
    help: 'Wait for Retry-After seconds. Keep at most two frames in flight, and no more bodies and streams open than you need.',
    httpStatus: 503,
  },
  internal: {
    title: 'Something failed on our side',
    help: 'Nothing was half recorded. Quote the trace id to the operator.',
    httpStatus: 500,
  },
} as const satisfies Record<string, Descriptor>;
