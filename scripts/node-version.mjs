// Must run on an old Node with nothing installed: no dependencies, no new syntax.

/** The oldest Node that everything here runs on: `engines` in package.json. */
export const MINIMUM_NODE = '22.18';

/** Whether a version such as `20.20.2` is at least the minimum. */
export const isNewEnough = (version) => {
  const [major, minor] = version.split('.').map(Number);
  const [minimumMajor, minimumMinor] = MINIMUM_NODE.split('.').map(Number);
  return major > minimumMajor || (major === minimumMajor && minor >= minimumMinor);
};
