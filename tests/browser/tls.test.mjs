import { runMode } from "./lib/run_mode.mjs";

runMode("tls");
