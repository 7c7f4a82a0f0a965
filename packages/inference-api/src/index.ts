export {
  type ApiConfig,
  type ApiConfigInput,
  ConfigError,
  loadConfig,
  parseConfig,
  redactConfig,
} from './config.ts';
export { API_ERRORS, ApiError, type ApiErrorCode } from './errors.ts';
export { type RunningApi, startApi } from './start-api.ts';
