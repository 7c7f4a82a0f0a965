type Descriptor = { readonly title: string; readonly help: string; readonly httpStatus: number };

/**
 * Why a reading or an act was refused although the request was well formed. Each becomes a REFUSAL record whose
 * `reason` is the code. The numbers are those of the ten refusals in docs/policy.md.
 */
export const REFUSAL_CODES = {
  // 1
  'role-not-allowed': {
    title: 'People in this role are never scored',
    help: 'Employees, agents, candidates and students need a documented medical or safety ground (AI Act, art. 5(1)(f)).',
    httpStatus: 403,
  },
  // 2
  'notice-missing': {
    title: 'Nothing shows that the person was told, so there is no reading',
    help: 'Open a session with its notice first; pictures without a session need policy.singlePictures.',
    httpStatus: 403,
  },
  'consent-missing': {
    title: 'Consent is the legal basis, and nothing shows that it was given',
    help: 'Say when consent was given, not later than now, or name another legal basis.',
    httpStatus: 403,
  },
  // 3
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
  // 4
  'reviewer-missing': {
    title: 'A decision needs a human reviewer',
    help: 'Name the person who decides. A reading alone decides nothing (GDPR, art. 22).',
    httpStatus: 403,
  },
  'fact-missing': {
    title: 'A decision needs an objective fact',
    help: 'Refer to a fact that is no emotion reading, such as a document check (AI Act, art. 5(1)(d)).',
    httpStatus: 403,
  },
  // 5
  'protected-trait': {
    title: 'The label names a protected trait',
    help: 'Emotions only: no age, gender, origin, religion, health, orientation or politics, and no lie scores.',
    httpStatus: 403,
  },
  // 6
  'personal-data': {
    title: 'A public field holds what looks like personal data',
    help: 'Public fields take codes from a list. Names, numbers and dates of people belong into committed fields.',
    httpStatus: 422,
  },
  // 7
  'several-faces': {
    title: 'More than one face is visible, so there is no reading',
    help: 'The refusal is recorded under recordId. Mask everyone but the customer: others are never scored.',
    httpStatus: 422,
  },
  // 8
  'legal-hold': {
    title: 'A legal hold forbids the erasure',
    help: 'Whoever placed the hold must release it first. The request is on record.',
    httpStatus: 409,
  },
  // 9
  'retention-period': {
    title: 'The logs are younger than six months',
    help: 'Deleting them earlier needs an overriding ground, which is recorded (AI Act, art. 19 and 26(6)).',
    httpStatus: 403,
  },
  // 10
  'clock-skew': {
    title: 'Your clock and ours differ by more than a second',
    help: 'Synchronise it (NTP): a record of a wrong time proves nothing.',
    httpStatus: 422,
  },
  // Nothing to read, rather than not allowed to.
  'no-face': {
    title: 'No face was found, so there is no reading',
    help: 'The refusal is recorded under recordId. Send a picture in which the face is large and unobstructed.',
    httpStatus: 422,
  },
  'face-too-small': {
    title: 'The face is too small to be read',
    help: 'The face must be at least 41 pixels wide. Move closer, or send a larger picture.',
    httpStatus: 422,
  },
  'light-unfit': {
    title: 'The face is too dark, too bright or without contrast',
    help: 'Light the face from the front.',
    httpStatus: 422,
  },
  'face-blurred': {
    title: 'The face is blurred',
    help: 'Hold still, focus, or compress the picture less.',
    httpStatus: 422,
  },
  'face-turned': {
    title: 'The face is turned or tilted too far',
    help: 'Look towards the camera.',
    httpStatus: 422,
  },
} as const satisfies Record<string, Descriptor>;

export type RefusalCode = keyof typeof REFUSAL_CODES;
