// The hub's JSON API as these pages use it. Every call has a deadline; a failure is an ApiError
// whose message may be shown to the user.

import { noteDate } from "./clock";
import { record, records, text, whole } from "./json";
import { meta } from "./meta";

const deadlineMs = 15_000;

/**
 * A call that failed: `status` is the HTTP status, 0 if no answer came. `title` is the hub's own name for what went
 * wrong; "" if it is not the hub that answers, but a proxy in its place.
 */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly title = "",
  ) {
    super(message);
  }
}

/** The words for a session that has ended; a Notice adds the way to sign in. */
export const signedOut = "You are not signed in.";

function explain(status: number): string {
  switch (status) {
    case 0:
      return "The hub does not answer.";
    case 401:
      return signedOut;
    case 403:
      return "The hub refused this.";
    case 404:
      return "The hub does not know this.";
    case 429:
      return "Too many attempts. Wait a minute and try again.";
    case 503:
      return "The hub is not available.";
    default:
      return `The hub answered ${status}.`;
  }
}

/** For a call that got no answer. */
export function hubAway(): ApiError {
  return new ApiError(0, explain(0));
}

/** For an answer that does not say what it has to. */
export function brokenAnswer(): ApiError {
  return new ApiError(0, "The hub's answer is broken.");
}

/** A refusal, in the hub's own words where they say more than its status; else in ours. */
async function problemOf(response: Response): Promise<ApiError> {
  const { status, headers } = response;
  if (!headers.get("content-type")?.startsWith("application/problem+json")) return new ApiError(status, explain(status));
  const problem: unknown = await response.json().catch(() => undefined);
  const { title, detail } = record(problem);
  const name = text(title);
  const isTold = text(detail) !== "" && [400, 403, 409, 413, 429, 502, 503, 504].includes(status);
  // What there was too much of is in the title, and in the detail how long to wait.
  const told = status === 429 && name !== "" ? `${name}. ${text(detail)}` : text(detail);
  return new ApiError(status, isTold ? told : explain(status), name);
}

/** What the user reads about any failure. */
export function words(error: unknown): string {
  return error instanceof ApiError ? error.message : "Something went wrong. Try again.";
}

let isLeaving = false;
let atLast = (): void => {};

function leaveBy(way: () => void): void {
  atLast = way;
  if (isLeaving) return;
  isLeaving = true;
  way();
}

/** Leaves this page for good. Once: signing out ends the page's socket too, which would lead to sign-in as well. */
export function leaveFor(address: string): void {
  leaveBy(() => location.replace(address));
}

/**
 * The same once `work` is done, which nothing else that leads away disturbs. If it fails the page stays, unless
 * something else was to lead away meanwhile, which then does: the session may have ended all the same.
 */
export async function leaveAfter(address: string, work: () => Promise<void>): Promise<void> {
  if (isLeaving) return;
  isLeaving = true;
  atLast = () => {
    isLeaving = false;
  };
  try {
    await work();
  } catch (error) {
    atLast();
    throw error;
  }
  location.replace(address);
}

/** Loads this page again, for whoever is signed in now, unless it is being left. */
export function startAnew(): void {
  leaveBy(() => location.reload());
}

/** Where one signs in and then comes back to this page. */
export function loginPlace(): string {
  return `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
}

/** To sign-in, and afterwards back to this page. */
export function toLogin(): void {
  leaveFor(loginPlace());
}

/** What shows the hub that a call comes from its own page; "" on pages that it gave none. */
export function pageProof(): string {
  return meta("berth-page");
}

const reloadKey = "berth-reloaded";
const reloadAtMostEachMs = 10_000;

/** Loads the page again, for a proof that fits the present session; not again and again. */
function reload(): void {
  const last = Number(sessionStorage.getItem(reloadKey) ?? 0);
  if (Date.now() - last < reloadAtMostEachMs) return;
  sessionStorage.setItem(reloadKey, String(Date.now()));
  location.reload();
}

/** One call: the JSON of the answer, or undefined if it has none. */
export async function call(method: string, path: string, body?: unknown): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(deadlineMs),
      headers: {
        "x-berth-page": pageProof(),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw hubAway();
  }
  if (response.headers.has("x-berth-reload")) reload();
  noteDate(response.headers.get("date"));
  if (!response.ok) throw await problemOf(response);
  if (!response.headers.get("content-type")?.startsWith("application/json")) return undefined;
  try {
    return await response.json();
  } catch {
    throw brokenAnswer();
  }
}

/** What the hub says of the session and of itself. */
export interface SessionInfo {
  /** Their number at this hub. */
  readonly user: number;
  readonly name: string;
  /** Runs the hub: sees people and the audit log. */
  readonly isHubOwner: boolean;
  readonly pathMode: boolean;
  /** Whether instances have addresses of their own. */
  readonly hasSubdomains: boolean;
  /** When the session ends, however much it is used; milliseconds, by the hub's clock. */
  readonly expiresAt: number;
}

/** Trades a one-time code for a session cookie. On an instance's address, `path` is its own. */
export async function signIn(code: string, path = "/api/session"): Promise<void> {
  await call("POST", path, { code });
}

/** One way to sign in besides the link: where its button leads, and what it is called. */
export interface SignInWay {
  readonly label: string;
  readonly url: string;
}

/** The ways that this hub offers, in order. */
export async function signInWays(): Promise<SignInWay[]> {
  const ways = records(await call("GET", "/api/auth"), "ways").map(({ label, url }) => ({ label: text(label), url: text(url) }));
  return ways.filter(({ label, url }) => label !== "" && url.startsWith("/auth/"));
}

/** Ends the session, and with it every open connection of it; one that has ended already is no failure. */
export async function signOut(): Promise<void> {
  try {
    await call("DELETE", "/api/session");
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) throw error;
  }
}

/** Who is signed in; ApiError 401 if nobody is. */
export async function sessionInfo(): Promise<SessionInfo> {
  const info = record(await call("GET", "/api/session"));
  const user = record(info.user);
  return {
    user: whole(user.id),
    name: text(user.name),
    isHubOwner: user.role === "owner",
    pathMode: info.path_mode === true,
    hasSubdomains: info.subdomain_mode === true,
    expiresAt: Date.parse(text(info.expires_at)),
  };
}

/**
 * Whether this page needs a proof to connect and was given none: of a browser that does not say what it asks for,
 * the hub cannot tell whose page it shows. Over plain HTTP none does, and the hub asks for no proof.
 */
export function lacksProof(info: SessionInfo): boolean {
  return info.pathMode && isSecureContext && pageProof() === "";
}

/** What the API has of that instance. */
export const clientPath = (id: string): string => `/api/clients/${encodeURIComponent(id)}`;

/** A URL that opens the instance at its path `next`, good for one use within seconds. */
export async function openInstance(id: string, next = "/"): Promise<string> {
  const query = next === "/" ? "" : `?next=${encodeURIComponent(next)}`;
  const { url } = record(await call("POST", `${clientPath(id)}/open${query}`));
  if (typeof url !== "string" || !/^https?:\/\/./.test(url)) throw brokenAnswer();
  return url;
}

/** A user's answer to a question of a session. */
export interface Answer {
  readonly session_id: string;
  readonly question_id: string;
  readonly allow: boolean;
  /** Why not: shown to the model. */
  readonly message?: string;
  /** The question's text → what was chosen. */
  readonly answers?: Readonly<Record<string, string>>;
}

/** Says that the failure of a session was looked at. */
export async function markSeen(id: string, session: string): Promise<void> {
  await call("POST", `${clientPath(id)}/seen`, { session_id: session });
}

/** Whether an answer was refused because its question is not open any more. */
export function isGone(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409 && error.title === "Answered elsewhere";
}

/** Whether the instance may have taken the answer all the same: no word came of it, or not the hub's. */
export function isInDoubt(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.status === 0 || error.status === 504 || (error.status >= 500 && error.title === "");
}

/** Gives the answer; see isGone() and isInDoubt() for how that may fail. */
export async function giveAnswer(id: string, answer: Answer): Promise<void> {
  await call("POST", `${clientPath(id)}/answers`, answer);
}
