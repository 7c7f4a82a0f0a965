import { entriesOf } from './entry.ts';

export const WATCH_FINDINGS = entriesOf('watch', {
  verified: {
    'watch-consistent': {
      title: 'The log continues the one that was seen before',
      meaning: 'Nothing that this monitor saw was changed or taken away.',
    },
    'watch-anchor-consistent': {
      title: 'The anchored head and the log are one history',
      meaning: 'What the log shows here is what it showed to the chain.',
    },
    'watch-live': {
      title: 'The log is live and anchors as often as it promised',
      meaning: 'New records reach the chain in time.',
    },
  },
  failed: {
    'watch-forked': {
      title: 'The log does not continue the one that was seen before',
      meaning: 'The log was rewritten, or shows different histories to different readers.',
      next: 'Keep the state file and the new checkpoint: together they prove the fork.',
    },
    'watch-anchor-forked': {
      title: 'The anchored head and the log are not one history',
      meaning: 'The log shows something else here than it showed to the chain.',
      next: 'Audit the whole log: testigo-audit trail --log URL.',
    },
    'watch-rolled-back': {
      title: 'The log is shorter than its anchored head',
      meaning: 'Records that were anchored have disappeared.',
      next: 'Audit the whole log: testigo-audit trail --log URL.',
    },
    'watch-stale': {
      title: 'The log has been silent for longer than it promised',
      meaning: 'New records do not reach the chain; the operator may be down or hiding them.',
      next: 'Ask the operator; until then treat readings since the last anchor as unproven.',
    },
    'watch-frozen': {
      title: 'The log was frozen on chain',
      meaning: 'Its key or a guardian ended the log for good; nothing can be anchored in it any more.',
      next: 'Read the stated reason: testigo-audit query --log ORIGIN.',
    },
  },
  inconclusive: {
    'watch-first-sight': {
      title: 'This monitor has never seen the log before, and no anchor vouches for it',
      meaning: 'There is nothing yet to compare it with.',
      next: 'Run again; from now on the log is held to what was seen.',
    },
    'watch-log-unknown': {
      title: 'The registry knows no such log',
      meaning: 'No anchor can vouch for it: the log was never opened there, or the provider keeps it back.',
      next: 'Ask another provider, and check the origin of the log: testigo-audit query --log ORIGIN.',
    },
    'watch-unanchored': {
      title: 'The log has no anchor yet',
      meaning: 'The log could still show another history to somebody else.',
      next: 'Run again after the first anchor.',
    },
    'watch-behind': {
      title: 'The log is shorter than it was when this monitor last saw it',
      meaning: 'It may only lag behind, or records were taken away.',
      next: 'Run again; if the log stays behind, treat it as rolled back.',
    },
    'watch-proof-missing': {
      title: 'The log does not serve the tiles that a consistency proof needs',
      meaning: 'Whether the log was rewritten cannot be told.',
      next: 'Ask the operator to serve all tiles.',
    },
  },
});
