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
    help: 'Shrink it first. The limit (limits.imagePixels) guards against decompression bombs.',
    httpStatus: 413,
  },
  'image-unreadable': {
    title: 'The picture cannot be decoded',
    help: 'It is truncated, damaged or takes longer than the decoding limit. Encode it again.',
    httpStatus: 422,
  },
  'no-face': {
    title: 'No face was found, so there is no reading',
    help: 'The refusal is recorded under recordId. Send a picture in which the face is large and unobstructed.',
    httpStatus: 422,
  },
  'several-faces': {
    title: 'More than one face is visible, so there is no reading',
    help: 'The refusal is recorded under recordId. Mask everyone but the customer: others are never scored.',
    httpStatus: 422,
  },
  'model-not-registered': {
    title: 'The loaded model is not registered on chain, so there are no readings',
    help: 'Register the model version, or load the bundle that is registered. Readings resume by themselves.',
    httpStatus: 503,
  },
  'model-revoked': {
    title: 'The loaded model was revoked on chain, so there are no readings',
    help: 'Load a model version that is registered and not revoked. Existing records stay provable.',
    httpStatus: 503,
  },
  'dataset-not-approved': {
    title: 'The training data of the loaded model is not approved on chain, so there are no readings',
    help: 'A custodian approves the dataset root first; then the model version is registered.',
    httpStatus: 503,
  },
  'dataset-revoked': {
    title: 'The training data of the loaded model was revoked on chain, so there are no readings',
    help: 'Train on an approved dataset and register the new model version.',
    httpStatus: 503,
  },
  'registry-unreachable': {
    title: 'The chain cannot be asked whether the model still stands, so there are no readings',
    help: 'Check the RPC endpoint. The last answer counts for registry.maxAgeMs and no longer.',
    httpStatus: 503,
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
  'notice-missing': {
    title: 'Nothing shows that the person was told, so there is no reading',
    help: 'Open a session with its notice first; pictures without a session need policy.singlePictures.',
    httpStatus: 403,
  },
  overloaded: {
    title: 'Too many pictures are waiting',
    help: 'Wait for Retry-After seconds, and keep at most two frames in flight.',
    httpStatus: 503,
  },
  internal: {
    title: 'Something failed on our side',
    help: 'Nothing was half recorded. Quote the trace id to the operator.',
    httpStatus: 500,
  },
} as const satisfies Record<string, Descriptor>;
