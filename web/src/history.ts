// What the hub remembers of an instance's last hour. An older hub knows none of it.
import { ApiError, call, clientPath } from "./api";
import { records, text } from "./json";

export interface Connection {
  readonly connectedAt: string;
  /** "" while it is open. */
  readonly disconnectedAt: string;
  readonly address: string;
  readonly reason: string;
}

/** One minute. */
export interface Sample {
  readonly at: number;
  /** Milliseconds; undefined: not measured. */
  readonly latency: number | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

export interface History {
  /** The latest first. */
  readonly connections: readonly Connection[];
  /** The oldest first. */
  readonly samples: readonly Sample[];
}

/** Undefined if this hub keeps no history. */
export async function historyOf(id: string): Promise<History | undefined> {
  let answer: unknown;
  try {
    answer = await call("GET", `${clientPath(id)}/history`);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
  const connections = records(answer, "connections").map((one) => ({
    connectedAt: text(one.connected_at),
    disconnectedAt: text(one.disconnected_at),
    address: text(one.address),
    reason: text(one.reason),
  }));
  const samples = records(answer, "samples").map((one) => ({
    at: Date.parse(text(one.at)),
    latency: typeof one.latency_ms === "number" && one.latency_ms > 0 ? one.latency_ms : undefined,
    bytesIn: Number(one.bytes_in) || 0,
    bytesOut: Number(one.bytes_out) || 0,
  }));
  return {
    connections: connections.sort((a, b) => b.connectedAt.localeCompare(a.connectedAt)),
    samples: samples.filter(({ at }) => !Number.isNaN(at)).sort((a, b) => a.at - b.at),
  };
}
