// Enrolments as the approval page uses them: an agent that waits, and the user's answer to it.
import { brokenAnswer, call } from "./api";
import { record, text } from "./json";

/** An agent that waits for an answer. All but `address` is what it says of itself. */
export interface Enrolment {
  readonly code: string;
  readonly machine: string;
  readonly address: string;
  readonly instanceId: string;
  readonly platform: string;
  readonly agentVersion: string;
  readonly createdAt: number;
}

/** What the user grants. */
export interface Grant {
  readonly limitToInstance: boolean;
  /** Seconds; 0: for ever. */
  readonly expiresIn: number;
}

/** The hub's words in our terms; ApiError if they are none. */
export function parseEnrolment(answer: unknown): Enrolment {
  const told = record(answer);
  const enrolment = {
    code: text(told.code),
    machine: text(told.machine),
    address: text(told.address),
    instanceId: text(told.instance_id),
    platform: text(told.platform),
    agentVersion: text(told.agent_version),
    createdAt: Date.parse(text(told.created_at)),
  };
  if (enrolment.code === "" || enrolment.machine === "" || Number.isNaN(enrolment.createdAt)) {
    throw brokenAnswer();
  }
  return enrolment;
}

/** The agent that waits with this code; ApiError 404 if there is none (any more). */
export async function lookUp(code: string): Promise<Enrolment> {
  return parseEnrolment(await call("POST", "/api/enrolments/lookup", { code }));
}

export async function approve(code: string, grant: Grant): Promise<void> {
  await call("POST", "/api/enrolments/approve", {
    code,
    limit_to_instance: grant.limitToInstance,
    ...(grant.expiresIn > 0 ? { expires_in: grant.expiresIn } : {}),
  });
}

export async function deny(code: string): Promise<void> {
  await call("POST", "/api/enrolments/deny", { code });
}

/** Whether it is a whole code, as formatCode() has it. */
export function isUserCode(code: string): boolean {
  return /^[A-Z]{4}-[A-Z]{4}$/.test(code);
}

/** A code as it is shown, "XXXX-XXXX", while somebody types it. */
export function formatCode(typed: string): string {
  const letters = typed.toUpperCase().replace(/[^A-Z]/g, "").slice(0, 8);
  return letters.length > 4 ? `${letters.slice(0, 4)}-${letters.slice(4)}` : letters;
}
