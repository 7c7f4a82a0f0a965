/** Seconds since 1970 as UTC to the second: what the chain and the records know, and no more. */
export const formatTime = (seconds: number): string =>
  `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
