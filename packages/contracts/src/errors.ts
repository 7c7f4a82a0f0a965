import { isError } from 'ethers';
import { TestigoRegistry__factory } from './generated/factories/contracts/TestigoRegistry__factory.ts';

/** Every way this package fails, for `RegistryError.code`. */
export const REGISTRY_ERRORS = {
  'no-contract': {
    title: 'No contract',
    help: 'Check the chain and the registry address in the trust file.',
  },
  'port-taken': { title: 'Port taken', help: 'Choose another port, or let the system choose one.' },
  'query-failed': { title: 'Query failed', help: 'Check the RPC endpoint; it may refuse eth_getLogs.' },
  'time-unknown': { title: 'Time outside the chain', help: 'Ask for a time after the chain began.' },
} as const;
export type RegistryErrorCode = keyof typeof REGISTRY_ERRORS;

export class RegistryError extends Error {
  readonly code: RegistryErrorCode;

  constructor(code: RegistryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RegistryError';
    this.code = code;
  }
}

export type Revert = { readonly name: string; readonly args: Record<string, unknown> };

const registryInterface = TestigoRegistry__factory.createInterface();

/** The registry's own error behind a failed call or gas estimate, or undefined when it was something else. */
export const revertOf = (error: unknown): Revert | undefined => {
  if (!isError(error, 'CALL_EXCEPTION') || !error.data) return undefined;
  const parsed = registryInterface.parseError(error.data);
  return parsed === null ? undefined : { name: parsed.name, args: parsed.args.toObject() };
};
