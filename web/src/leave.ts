// Signing out of this browser: what it was told and what it keeps end with the session.
import { leaveAfter, signOut } from "./api";
import { forget } from "./last_known";
import { leaveOwnTarget } from "./own_target";

/** The browser may ask its push service. */
const forgetWithinMs = 3_000;

/** To the sign-in page, with nothing left here; an ApiError if the hub did not say that it ended the session. */
export function leave(): Promise<void> {
  return leaveAfter("/login", async () => {
    await signOut();
    const late = new Promise<void>((resolve) => setTimeout(resolve, forgetWithinMs));
    await Promise.race([Promise.all([forget(), leaveOwnTarget()]), late]);
  });
}
