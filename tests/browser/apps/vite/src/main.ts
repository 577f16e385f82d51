import { createApp } from "vue";
import App from "./App.vue";
import { words } from "./words";
import "./style.css";

const plain = document.querySelector("#plain")!;
plain.textContent = words;
createApp(App).mount("#app");

// A module without a framework's help: takes its new version and keeps the page.
import.meta.hot?.accept("./words", (next) => {
  plain.textContent = next?.words;
});
