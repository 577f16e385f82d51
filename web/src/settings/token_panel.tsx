// The tokens of one kind: their list, and the dialogs that make and revoke one.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Button } from "../ui/button";
import { Confirm } from "../ui/dialog";
import { LocalTime } from "../ui/local_time";
import { Empty } from "../ui/notice";
import { Panel, type Tell } from "../ui/panel";
import { Loaded, useRemote } from "../ui/remote";
import { type Column, Table } from "../ui/table";

/** What tokens of every kind have. */
interface Token {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
}

interface TokenPanelProps<T extends Token> {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  /** One of them, within a sentence. */
  readonly kind: string;
  readonly ask: () => Promise<T[]>;
  readonly revoke: (id: string) => Promise<void>;
  /** What a token is good for. */
  readonly limits: Column<T>;
  /** What to do where there is none. */
  readonly advice: ComponentChildren;
  /** What revoking one does. */
  readonly effect: string;
  /** The dialog that makes one. */
  readonly make: (onClose: (name: string | undefined) => void) => ComponentChildren;
  /** More ways to get one. */
  readonly more?: ComponentChildren;
}

export function TokenPanel<T extends Token>(props: TokenPanelProps<T>) {
  const { id, title, about, kind, ask, revoke, limits, advice, effect, make, more } = props;
  const tokens = useRemote(ask);
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<T>();

  const list = (rows: T[]) =>
    rows.length === 0 ? (
      <Empty title={`No ${kind} yet`}>
        <p>{advice}</p>
      </Empty>
    ) : (
      <Table
        caption={title}
        rows={rows}
        keyOf={({ id }) => id}
        columns={[
          { name: "Name", show: ({ name }) => <bdi>{name}</bdi> },
          limits,
          { name: "Created", show: ({ createdAt }) => <LocalTime at={createdAt} /> },
          { name: "Last used", show: ({ lastUsedAt }) => <LocalTime at={lastUsedAt} /> },
          { name: "Ends", show: ({ expiresAt }) => <LocalTime at={expiresAt} none="when it is revoked" /> },
          {
            name: "Actions",
            isActions: true,
            show: (token) => (
              <Button kind="danger" aria-label={`Revoke ${token.name}`} onClick={() => setRevoking(token)}>
                Revoke
              </Button>
            ),
          },
        ]}
      />
    );

  const dialogs = (tell: Tell) => (
    <>
      {making &&
        make((name) => {
          setMaking(false);
          if (name === undefined) return;
          tell(`The token "${name}" is made.`);
          void tokens.reload();
        })}
      {revoking && (
        <Confirm
          title={`Revoke "${revoking.name}"?`}
          deed="Revoke"
          onClose={() => setRevoking(undefined)}
          onConfirm={async () => {
            await revoke(revoking.id);
            await tokens.reload();
            tell(`The token "${revoking.name}" is revoked.`);
          }}
        >
          <p>{effect}</p>
        </Confirm>
      )}
    </>
  );

  return (
    <Panel id={id} title={title} about={about}>
      {(tell) => (
        <>
          <Loaded remote={tokens} show={list} />
          <p class="actions">
            <Button onClick={() => setMaking(true)}>New {kind}</Button>
            {more}
          </p>
          {dialogs(tell)}
        </>
      )}
    </Panel>
  );
}
