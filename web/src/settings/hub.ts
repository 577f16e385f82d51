// What the settings pages ask the hub: tokens, sessions, people and the audit log. Times are ISO 8601;
// "" where there is none.
import { call } from "../api";
import { hubNow } from "../clock";
import { record, records, text, texts, whole } from "../json";

const at = (value: unknown): string => text(value, 40);
const part = (value: string | number): string => encodeURIComponent(value);

export interface AgentToken {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
  /** Empty: any instance of its user. */
  readonly instanceIds: readonly string[];
}

export async function agentTokens(): Promise<AgentToken[]> {
  return records(await call("GET", "/api/tokens"), "tokens").map((one) => ({
    id: text(one.id),
    name: text(one.name),
    createdAt: at(one.created_at),
    lastUsedAt: at(one.last_used_at),
    expiresAt: at(one.expires_at),
    instanceIds: texts(one.instance_ids),
  }));
}

/** Makes one: the token itself, which the hub shows this once. `seconds` 0: until it is revoked. */
export async function createAgentToken(name: string, instanceIds: string[], seconds: number): Promise<string> {
  const limits = { ...(instanceIds.length > 0 && { instance_ids: instanceIds }), ...(seconds > 0 && { expires_in: seconds }) };
  return text(record(await call("POST", "/api/tokens", { name, ...limits })).token);
}

export async function revokeAgentToken(id: string): Promise<void> {
  await call("DELETE", `/api/tokens/${part(id)}`);
}

export interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
}

export async function apiTokens(): Promise<ApiToken[]> {
  return records(await call("GET", "/api/api-tokens"), "api_tokens").map((one) => ({
    id: text(one.id),
    name: text(one.name),
    scopes: texts(one.scopes),
    createdAt: at(one.created_at),
    lastUsedAt: at(one.last_used_at),
    expiresAt: at(one.expires_at),
  }));
}

/** The same for a token of the API. */
export async function createApiToken(name: string, scopes: string[], seconds: number): Promise<string> {
  const ends = seconds > 0 ? { expires_at: new Date(hubNow() + seconds * 1000).toISOString() } : {};
  return text(record(await call("POST", "/api/api-tokens", { name, scopes, ...ends })).token);
}

export async function revokeApiToken(id: string): Promise<void> {
  await call("DELETE", `/api/api-tokens/${part(id)}`);
}

export interface SignedInSession {
  readonly id: string;
  readonly address: string;
  readonly userAgent: string;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
  readonly isCurrent: boolean;
}

export async function sessions(): Promise<SignedInSession[]> {
  return records(await call("GET", "/api/sessions"), "sessions").map((one) => ({
    id: text(one.id),
    address: text(one.address),
    userAgent: text(one.user_agent),
    createdAt: at(one.created_at),
    lastUsedAt: at(one.last_used_at),
    expiresAt: at(one.expires_at),
    isCurrent: one.current === true,
  }));
}

export async function endSession(id: string): Promise<void> {
  await call("DELETE", `/api/sessions/${part(id)}`);
}

export async function endOtherSessions(): Promise<void> {
  await call("DELETE", "/api/sessions");
}

/** Somebody on the hub. What members of the hub do not learn of others is "" and empty. */
export interface Person {
  readonly id: number;
  readonly name: string;
  readonly login: string;
  readonly provider: string;
  /** "owner" or "member" of the hub. */
  readonly role: string;
  readonly groups: readonly string[];
  /** The policy no longer admits them. */
  readonly isRemoved: boolean;
  readonly lastSignInAt: string;
}

export async function people(): Promise<Person[]> {
  return records(await call("GET", "/api/people"), "people").map((one) => ({
    id: whole(one.id),
    name: text(one.name) || text(one.login) || `person ${whole(one.id)}`,
    login: text(one.login),
    provider: text(one.provider),
    role: text(one.role),
    groups: texts(one.groups),
    isRemoved: one.is_removed === true,
    lastSignInAt: at(one.last_sign_in_at),
  }));
}

export async function setRole(id: number, role: "owner" | "member"): Promise<void> {
  await call("PATCH", `/api/people/${part(id)}`, { role });
}

export async function signOutEverywhere(id: number): Promise<void> {
  await call("POST", `/api/people/${part(id)}/sign-out`);
}

export interface AuditEvent {
  readonly seq: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly instanceId: string;
  readonly address: string;
  readonly result: string;
  readonly detail: string;
}

/** Which events are wanted; "" anywhere: whatever it is. */
export interface AuditFilter {
  /** The whole name. */
  readonly user: string;
  readonly action: string;
  readonly instance: string;
  readonly result: string;
}

export interface AuditPage {
  readonly events: readonly AuditEvent[];
  /** The kinds of events that there can be. */
  readonly actions: readonly string[];
  /** What to ask for the page after; 0: there is none. */
  readonly next: number;
}

/** A page of the audit log, the newest first, with events before that one; 0: from the end. */
export async function audit(before: number, filter: AuditFilter): Promise<AuditPage> {
  const query = new URLSearchParams({ limit: "100" });
  if (before > 0) query.set("before", String(before));
  for (const [name, value] of Object.entries(filter)) if (value.trim() !== "") query.set(name, value.trim());
  const answer = await call("GET", `/api/audit?${query}`);
  const events = records(answer, "events").map((one) => ({
    seq: whole(one.seq),
    at: at(one.at),
    actor: text(one.actor),
    action: text(one.action),
    instanceId: text(one.instance_id),
    address: text(one.address),
    result: text(one.result),
    detail: text(one.detail),
  }));
  return { events, actions: texts(record(answer).actions), next: whole(record(answer).next_before) };
}
