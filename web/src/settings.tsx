// The pages under /settings: one for each tab, told apart by path, in one document.
import { useEffect, useState } from "preact/hooks";
import type { SessionInfo } from "./api";
import { AgentTokens } from "./settings/agent_tokens";
import { ApiTokens } from "./settings/api_tokens";
import { AuditLog } from "./settings/audit";
import { Notifications } from "./settings/notifications";
import { People } from "./settings/people";
import { Sessions } from "./settings/sessions";
import { Shell } from "./ui/shell";
import { startPage } from "./ui/start";
import { Tabs } from "./ui/tabs";

const tabs = [
  { path: "/settings/tokens", label: "Tokens" },
  { path: "/settings/notifications", label: "Notifications" },
  { path: "/settings/sessions", label: "Sessions" },
  { path: "/settings/people", label: "People" },
  { path: "/settings/audit", label: "Audit log" },
];
const [first] = tabs;

/** The tab of the address; the first for any other path. */
function currentTab(): string {
  return tabs.find(({ path }) => path === location.pathname)?.path ?? first?.path ?? "";
}

function Content({ path, info }: { path: string; info: SessionInfo }) {
  switch (path) {
    case "/settings/notifications":
      return <Notifications />;
    case "/settings/sessions":
      return <Sessions />;
    case "/settings/people":
      return <People isHubOwner={info.isHubOwner} />;
    case "/settings/audit":
      return <AuditLog isHubOwner={info.isHubOwner} />;
    default:
      return (
        <>
          <AgentTokens />
          <ApiTokens />
        </>
      );
  }
}

function Settings({ info }: { info: SessionInfo }) {
  const [path, setPath] = useState(currentTab());
  useEffect(() => {
    const onBack = (): void => setPath(currentTab());
    addEventListener("popstate", onBack);
    return () => removeEventListener("popstate", onBack);
  }, []);
  useEffect(() => {
    document.title = `${tabs.find((tab) => tab.path === path)?.label ?? "Settings"} · berth`;
  }, [path]);

  return (
    <Shell info={info} current="/settings">
      <h1>Settings</h1>
      <Tabs
        label="Settings"
        tabs={tabs}
        current={path}
        onGo={(to) => {
          history.pushState(null, "", to);
          setPath(to);
        }}
      />
      <Content key={path} path={path} info={info} />
    </Shell>
  );
}

void startPage((info) => <Settings info={info} />);
