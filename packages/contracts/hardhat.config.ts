import { fileURLToPath } from 'node:url';
import hardhatEthers from '@nomicfoundation/hardhat-ethers';
import hardhatChaiMatchers from '@nomicfoundation/hardhat-ethers-chai-matchers';
import hardhatIgnitionEthers from '@nomicfoundation/hardhat-ignition-ethers';
import hardhatMocha from '@nomicfoundation/hardhat-mocha';
import hardhatNetworkHelpers from '@nomicfoundation/hardhat-network-helpers';
import hardhatTypechain from '@nomicfoundation/hardhat-typechain';
import { defineConfig } from 'hardhat/config';

const solidity = {
  version: '0.8.37',
  // The compiler of the npm package: nothing is downloaded, and the lockfile pins its bytes.
  path: fileURLToPath(import.meta.resolve('solc/soljson.js')),
  settings: {
    evmVersion: 'prague',
    optimizer: { enabled: true, runs: 1_000_000 },
    // Without it a changed comment would change the code hash that trust files name.
    metadata: { bytecodeHash: 'none' },
  },
};

export default defineConfig({
  plugins: [
    hardhatEthers,
    hardhatChaiMatchers,
    hardhatIgnitionEthers,
    hardhatMocha,
    hardhatNetworkHelpers,
    hardhatTypechain,
  ],
  // One compilation for tests and deployment, so that what is tested is what is deployed.
  solidity: { profiles: { default: solidity, production: solidity } },
  paths: { sources: ['contracts', 'test/contracts'], tests: { mocha: 'test', solidity: 'test/solidity' } },
  typechain: { outDir: 'src/generated', tsNocheck: true },
  test: {
    // the exhaustive form checks 130,000 proofs in one test
    mocha: { timeout: process.env.TESTIGO_EXHAUSTIVE ? 900_000 : 120_000 },
    solidity: {
      profiles: {
        default: { fuzz: { runs: 100 }, invariant: { runs: 20, depth: 50 } },
        // 100,000 calls, and as many fuzzed proofs: npm run campaign -w packages/contracts
        campaign: { fuzz: { runs: 20_000 }, invariant: { runs: 400, depth: 250 } },
      },
    },
  },
});
