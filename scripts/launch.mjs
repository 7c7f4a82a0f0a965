// Starts one of the command-line programs, or says in one sentence why it cannot be started.
// Must run on an old Node with nothing built: no dependencies, no new syntax.
import { isNewEnough, MINIMUM_NODE } from './node-version.mjs';

/** Not 1: for `testigo-audit` that means a verdict of "failed", and nothing was looked at. */
const CANNOT_START = 2;

const refuse = (program, sentence) => {
  process.stderr.write(`${program}: ${sentence}\n`);
  process.exitCode = CANNOT_START;
};

/** Loads `entry`, the program's built main file. */
export const launch = async (program, entry) => {
  if (!isNewEnough(process.versions.node)) {
    refuse(
      program,
      `this is Node ${process.versions.node} and Node ${MINIMUM_NODE} or newer is needed. In the repository "npx ${program} …" uses the Node that was installed with it.`,
    );
    return;
  }
  try {
    await import(entry.href);
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || error.url !== entry.href) throw error;
    refuse(program, 'it is not built yet: run "npm run build" in the repository first.');
  }
};
