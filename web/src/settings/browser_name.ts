// What a browser calls itself, in a few words. Pure.

const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bFirefox\/|\bFxiOS\//, "Firefox"],
  [/\bChrome\/|\bCriOS\//, "Chrome"],
  [/\bSafari\//, "Safari"],
  [/^curl\//, "curl"],
];

const systems: readonly (readonly [RegExp, string])[] = [
  [/\bAndroid\b/, "Android"],
  [/\biPhone\b|\biPad\b/, "iOS"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "macOS"],
  [/\bLinux\b/, "Linux"],
];

const match = (of: readonly (readonly [RegExp, string])[], text: string): string =>
  of.find(([pattern]) => pattern.test(text))?.[1] ?? "";

/** "Firefox on Linux"; what is not known is shown as it is, cut. */
export function browserOf(userAgent: string): string {
  const browser = match(browsers, userAgent);
  const system = match(systems, userAgent);
  if (browser === "") return userAgent.slice(0, 60) || "an unnamed browser";
  return system === "" ? browser : `${browser} on ${system}`;
}
