// How long what is made here holds.

const day = 24 * 3600;

/** [seconds, words] for a select; "0" is for ever. */
export const lifetimes: readonly (readonly [string, string])[] = [
  ["0", "until it is revoked"],
  [String(30 * day), "for 30 days"],
  [String(90 * day), "for 90 days"],
  [String(365 * day), "for a year"],
];
