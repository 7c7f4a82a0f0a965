export { BACKENDS, type BackendName, type ChosenBackend, chooseBackend } from './backend/choose-backend.ts';
export { packFloat16, unpackFloat16 } from './float16.ts';
export { buildFerNetwork, buildNetwork, type FerNetwork, getWeights, setWeights } from './network/build.ts';
export { countParameters, parametersOf } from './network/parameters.ts';
export { compactNetwork, MISSION_NETWORK, type NetworkSpec } from './network/spec.ts';
export { COMPACT_TRAINING, MISSION_TRAINING, type TrainingConfig } from './training/config.ts';
export { type EpochResult, type TrainingProgress, type TrainResult, train } from './training/train.ts';
