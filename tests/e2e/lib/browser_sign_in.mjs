// What a browser does on the way through a provider: keeps the cookies, follows the redirects.

/** The name=value part of the Set-Cookie fields of an answer, by name; cleared ones are "". */
export function cookiesOf(answer) {
  const cookies = {};
  for (const field of answer.headers["set-cookie"] ?? []) {
    const [pair] = field.split(";");
    const equals = pair.indexOf("=");
    cookies[pair.slice(0, equals)] = pair.slice(equals + 1);
  }
  return cookies;
}

/** The button of the sign-in page is pressed, and the browser leaves for the provider: {answer, location, cookie}. */
export async function beginSignIn(scene, provider, { next } = {}) {
  const query = next === undefined ? "" : `?next=${encodeURIComponent(next)}`;
  const answer = await scene.api("GET", `/auth/${provider}${query}`, { headers: asPress });
  const [name, value] = Object.entries(cookiesOf(answer)).find(([key]) => key.endsWith("berth_sign_in")) ?? [];
  return { answer, location: answer.headers.location, cookie: name && `${name}=${value}` };
}

/** The browser comes back: {answer, cookie}; cookie is the session's, if there is one. */
export async function endSignIn(scene, path, cookie) {
  const answer = await scene.api("GET", path, { cookie, headers: asNavigation });
  const [name, value] = Object.entries(cookiesOf(answer)).find(([key]) => key.endsWith("berth_session")) ?? [];
  return { answer, cookie: name && `${name}=${value}` };
}

/** All of it: signs `who` in at `provider`, a fake of this folder. */
export async function signInWith(scene, provider, who, options) {
  const begun = await beginSignIn(scene, provider.kind, options);
  if (begun.location === undefined) return { answer: begun.answer };
  return endSignIn(scene, await provider.approve(begun.location, who), begun.cookie);
}

/** The name of whom the hub takes this browser for, or the status of its refusal. */
export async function whoAmI(scene, cookie) {
  const answer = await scene.api("GET", "/api/session", { cookie });
  return answer.status === 200 ? JSON.parse(answer.body).user.name : answer.status;
}

/** The reason that the sign-in page shows. */
export function reasonOf(answer) {
  return /name="sign-in-problem" content="(\w+)"/.exec(answer.body.toString())?.[1];
}

/** A navigation that another site led to, as the one back from a provider. */
export const asNavigation = {
  accept: "text/html", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "cross-site",
};

/** A navigation within the hub. */
const asPress = { ...asNavigation, "sec-fetch-site": "same-origin" };
