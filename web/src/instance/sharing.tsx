// Whom an instance is shared with.
import { useState } from "preact/hooks";
import type { SessionInfo } from "../api";
import { people } from "../settings/hub";
import { Button } from "../ui/button";
import { Confirm } from "../ui/dialog";
import { LocalTime } from "../ui/local_time";
import { Empty, Notice } from "../ui/notice";
import { Panel } from "../ui/panel";
import { Loaded, useRemote } from "../ui/remote";
import { Table } from "../ui/table";
import { NewShare } from "./new_share";
import { sharesOf, unshare, type Share } from "./shares";

function whomOf({ kind, whom }: Share): string {
  if (kind === "everyone") return "everybody on this hub";
  return kind === "group" ? `members of ${whom}` : whom;
}

async function everything(instance: string, user: number) {
  const [shares, all] = await Promise.all([sharesOf(instance), people()]);
  return { shares, others: all.filter(({ id, isRemoved }) => id !== user && !isRemoved) };
}

export function Sharing({ instance, info }: { instance: string; info: SessionInfo }) {
  const remote = useRemote(() => everything(instance, info.user));
  const [making, setMaking] = useState(false);
  const [ending, setEnding] = useState<Share>();

  return (
    <Panel id="sharing" title="Shared with" about="Who may open this instance besides you.">
      {(tell) => (
        <Loaded
          remote={remote}
          show={({ shares, others }) => (
            <>
              {shares.length === 0 ? (
                <Empty title="Nobody but you">
                  {info.hasSubdomains && <p>Share it with a person, a team, or everybody on this hub.</p>}
                </Empty>
              ) : (
                <Table
                  caption="Shares"
                  rows={shares}
                  keyOf={({ id }) => id}
                  columns={[
                    { name: "Whom", show: (one) => <bdi>{whomOf(one)}</bdi> },
                    { name: "As", show: ({ role }) => role },
                    { name: "Ends", show: ({ expiresAt }) => <LocalTime at={expiresAt} none="when you take it back" /> },
                    {
                      name: "Actions",
                      isActions: true,
                      show: (one) => (
                        <Button
                          kind="danger"
                          aria-label={`Take back from ${whomOf(one)}`}
                          onClick={() => setEnding(one)}
                        >
                          Take back
                        </Button>
                      ),
                    },
                  ]}
                />
              )}
              {info.hasSubdomains ? (
                <p class="actions">
                  <Button onClick={() => setMaking(true)}>Share</Button>
                </p>
              ) : (
                <Notice>
                  <p>
                    This hub has no domain for instances, and what is shared opens only at an address of its own. Whoever
                    runs the hub can give it one: <code>--apps-domain</code>.
                  </p>
                </Notice>
              )}
              {making && (
                <NewShare
                  instance={instance}
                  people={others}
                  onClose={(isDone) => {
                    setMaking(false);
                    if (!isDone) return;
                    tell("It is shared.");
                    void remote.reload();
                  }}
                />
              )}
              {ending && (
                <Confirm
                  title={`Take it back from ${whomOf(ending)}?`}
                  deed="Take back"
                  onClose={() => setEnding(undefined)}
                  onConfirm={async () => {
                    await unshare(instance, ending.id);
                    await remote.reload();
                    tell(`It is no longer shared with ${whomOf(ending)}.`);
                  }}
                >
                  <p>What they have open of it closes within two seconds.</p>
                </Confirm>
              )}
            </>
          )}
        />
      )}
    </Panel>
  );
}
