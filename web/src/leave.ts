// Signing out of this browser: what it was told and what it keeps end with the session.
import { leaveFor, signOut } from "./api";
import { forget } from "./last_known";
import { leaveOwnTarget } from "./own_target";

/** To the sign-in page, with nothing left here; an ApiError if the hub did not end the session. */
export async function leave(): Promise<void> {
  // While the session still may.
  await leaveOwnTarget();
  await signOut();
  await forget();
  leaveFor("/login");
}
