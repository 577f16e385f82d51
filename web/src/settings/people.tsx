// Who is on this hub. Its owners manage them; members learn names.
import { useState } from "preact/hooks";
import { Button } from "../ui/button";
import { Confirm } from "../ui/dialog";
import { LocalTime } from "../ui/local_time";
import { Panel, type Tell } from "../ui/panel";
import { Loaded, useRemote } from "../ui/remote";
import { Table, type Column } from "../ui/table";
import { people, setRole, signOutEverywhere, type Person } from "./hub";

interface Asking {
  readonly what: "role" | "sign-out";
  readonly person: Person;
}

export function People({ isHubOwner }: { isHubOwner: boolean }) {
  const list = useRemote(people);
  const [asking, setAsking] = useState<Asking>();

  const name: Column<Person> = { name: "Name", show: (person) => <bdi>{person.name}</bdi> };
  const more: Column<Person>[] = [
    { name: "Signs in as", show: ({ provider, login }) => <bdi>{[provider, login].filter(Boolean).join(": ")}</bdi> },
    { name: "Role", show: ({ role, isRemoved }) => (isRemoved ? "no longer admitted" : role) },
    { name: "Groups", show: ({ groups }) => groups.join(", ") || "none" },
    { name: "Last sign-in", show: ({ lastSignInAt }) => <LocalTime at={lastSignInAt} /> },
    {
      name: "Actions",
      isActions: true,
      show: (person) => (
        <div class="actions">
          {!person.isRemoved && (
            <Button
              kind="plain"
              aria-label={`${person.role === "owner" ? "Make member" : "Make owner"}: ${person.name}`}
              onClick={() => setAsking({ what: "role", person })}
            >
              {person.role === "owner" ? "Make member" : "Make owner"}
            </Button>
          )}
          <Button
            kind="danger"
            aria-label={`Sign out everywhere: ${person.name}`}
            onClick={() => setAsking({ what: "sign-out", person })}
          >
            Sign out everywhere
          </Button>
        </div>
      ),
    },
  ];

  const dialogs = (tell: Tell) => {
    if (asking === undefined) return null;
    const { what, person } = asking;
    const close = (): void => setAsking(undefined);
    if (what === "sign-out") {
      return (
        <Confirm
          title={`Sign ${person.name} out everywhere?`}
          deed="Sign out everywhere"
          onClose={close}
          onConfirm={async () => {
            await signOutEverywhere(person.id);
            await list.reload();
            tell(`${person.name} is signed out everywhere.`);
          }}
        >
          <p>All their sessions end; what is open closes within two seconds. Their agents and tokens go on.</p>
        </Confirm>
      );
    }
    const next = person.role === "owner" ? "member" : "owner";
    return (
      <Confirm
        title={next === "owner" ? `Make ${person.name} an owner?` : `Make ${person.name} a member?`}
        deed={next === "owner" ? "Make owner" : "Make member"}
        onClose={close}
        onConfirm={async () => {
          await setRole(person.id, next);
          await list.reload();
          tell(`${person.name} is now ${next === "owner" ? "an owner" : "a member"} of this hub.`);
        }}
      >
        <p>
          {next === "owner"
            ? "Owners change people's roles, sign them out and read the whole audit log. Other people's instances stay closed to them."
            : "Members see names, and in the audit log what they did themselves."}
        </p>
      </Confirm>
    );
  };

  return (
    <Panel
      id="people"
      title="People"
      about={
        isHubOwner
          ? "Who has signed in to this hub. Who may is said by the hub's sign-in options."
          : "Whom you could share an instance with. Owners of the hub see more here."
      }
    >
      {(tell) => (
        <>
          <Loaded
            remote={list}
            show={(rows) => (
              <Table
                caption="People"
                rows={rows}
                keyOf={({ id }) => id}
                columns={rows.some(({ role }) => role !== "") ? [name, ...more] : [name]}
              />
            )}
          />
          {dialogs(tell)}
        </>
      )}
    </Panel>
  );
}
