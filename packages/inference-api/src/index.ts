export { redactConfig } from './config/redact.ts';
export {
  type ApiConfig,
  type ApiConfigInput,
  ConfigError,
  loadConfig,
  parseConfig,
} from './config.ts';
export { API_ERRORS, ApiError, type ApiErrorCode } from './errors.ts';
export { type RunningApi, startApi } from './start-api.ts';
