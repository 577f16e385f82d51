// Where the user is signed in.
import { useState } from "preact/hooks";
import { leave } from "../leave";
import { Button } from "../ui/button";
import { Confirm } from "../ui/dialog";
import { LocalTime } from "../ui/local_time";
import { Panel } from "../ui/panel";
import { Loaded, useRemote } from "../ui/remote";
import { Table } from "../ui/table";
import { browserOf } from "./browser_name";
import { endOtherSessions, endSession, sessions, type SignedInSession } from "./hub";

/** What ends with no session, and somebody else may have made in one. */
function WhatStays() {
  return (
    <p class="quiet">
      Tokens stay, and so do webhooks and ntfy topics under <a href="/settings/notifications">Notifications</a>: revoke or
      remove what you do not know.
    </p>
  );
}

export function Sessions() {
  const list = useRemote(sessions);
  const [ending, setEnding] = useState<SignedInSession | "others">();

  const table = (rows: SignedInSession[]) => (
    <>
      <Table
        caption="Sessions"
        rows={rows}
        keyOf={({ id }) => id}
        columns={[
          {
            name: "Browser",
            show: ({ userAgent, isCurrent }) => (
              <>
                <span title={userAgent}>{browserOf(userAgent)}</span>
                {isCurrent && <strong class="mark-word"> this one</strong>}
              </>
            ),
          },
          { name: "Address", show: ({ address }) => address },
          { name: "Signed in", show: ({ createdAt }) => <LocalTime at={createdAt} /> },
          { name: "Last used", show: ({ lastUsedAt }) => <LocalTime at={lastUsedAt} /> },
          { name: "Ends", show: ({ expiresAt }) => <LocalTime at={expiresAt} /> },
          {
            name: "Actions",
            isActions: true,
            show: (session) => (
              <Button
                kind="danger"
                aria-label={`End the session of ${browserOf(session.userAgent)} at ${session.address}`}
                onClick={() => setEnding(session)}
              >
                End
              </Button>
            ),
          },
        ]}
      />
      {rows.length > 1 && (
        <p class="actions">
          <Button kind="danger" onClick={() => setEnding("others")}>
            End all others
          </Button>
        </p>
      )}
    </>
  );

  return (
    <Panel
      id="sessions"
      title="Your sessions"
      about="Where you are signed in. One that you do not know: end it, and revoke tokens and remove notification targets that you do not know either."
    >
      {(tell) => (
        <>
          <Loaded remote={list} show={table} />
          {ending === "others" && (
            <Confirm
              title="End all other sessions?"
              deed="End all others"
              onClose={() => setEnding(undefined)}
              onConfirm={async () => {
                await endOtherSessions();
                await list.reload();
                tell("All other sessions are over.");
              }}
            >
              <p>Everywhere but here you will have to sign in again. What is open there closes within two seconds.</p>
              <WhatStays />
            </Confirm>
          )}
          {ending !== undefined && ending !== "others" && (
            <Confirm
              title={ending.isCurrent ? "Sign out here?" : "End this session?"}
              deed={ending.isCurrent ? "Sign out" : "End session"}
              onClose={() => setEnding(undefined)}
              onConfirm={async () => {
                if (ending.isCurrent) return leave();
                await endSession(ending.id);
                await list.reload();
                tell("That session is over.");
              }}
            >
              <p>
                {browserOf(ending.userAgent)} at {ending.address}
                {ending.isCurrent ? ": this is the session that you are using." : " will have to sign in again."}
              </p>
              {!ending.isCurrent && <WhatStays />}
            </Confirm>
          )}
        </>
      )}
    </Panel>
  );
}
