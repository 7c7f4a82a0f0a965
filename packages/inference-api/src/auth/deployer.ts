import { ApiError } from '../errors.ts';
import type { Principal } from './principal.ts';

/**
 * Whose a session or a key is that this caller makes: of the deployer that it names, or its own.
 * @throws ApiError forbidden where it is limited to one deployer and names another
 */
export const chooseDeployer = ({ deployer }: Principal, named: string | undefined): string | undefined => {
  if (deployer !== undefined && named !== undefined && named !== deployer)
    throw new ApiError(
      'forbidden',
      'The key or token is limited to another deployer than the one named: name its own, or none.',
    );
  return deployer ?? named;
};
