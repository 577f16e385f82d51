import { times } from "./arithmetic";

export function describe(): string {
  return `lazy ${times(6, 7)}`;
}
