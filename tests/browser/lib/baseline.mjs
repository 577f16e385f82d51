// What a directly opened instance complains of by itself; behind the hub nothing may be added.

/** Requests that fail even directly. */
export const failures = [
  // A session that never ran has no usage yet.
  /^404 GET api\/providers\/sessions\/[^/]+\/token-usage$/,
];

/** Console errors that appear even directly. */
export const consoleErrors = [
  // The page looks for a new release on a host that the tests cannot reach.
  /^Version check failed: TypeError: Failed to fetch/,
];
