// One application, reached in one way (directly, or through the hub in one of its modes), and what
// went wrong meanwhile, in words that can be compared between the ways.
export class Visit {
  #pages = [];
  #failed = [];

  /** `base` is where the application appears, with a slash at the end. */
  constructor(stage, app, way, base) {
    Object.assign(this, { stage, app, way, base });
    const { recorder } = stage;
    this.begin = Object.fromEntries(Object.keys(recorder).map((key) => [key, recorder[key].length]));
  }

  /** A new tab that shows the application. */
  async open(path = "") {
    const page = await this.stage.context.newPage();
    this.#pages.push(page);
    page.on("requestfailed", (request) => {
      const why = request.failure()?.errorText ?? "";
      // A page that goes elsewhere gives up what it still asked for.
      if (why !== "net::ERR_ABORTED") this.#failed.push(`${why} ${request.method()} ${this.plain(request.url())}`);
    });
    await page.goto(this.base + path);
    return page;
  }

  /** What the recorder noted of `kind` since this visit began. */
  seen(kind) {
    return this.stage.recorder[kind].slice(this.begin[kind]);
  }

  /**
   * The text with the application's addresses as "/...", without what differs each time (queries) or
   * may differ (the policy that a complaint cites).
   */
  plain(text) {
    const base = this.base.replace(/^http/, "");
    return text
      .replaceAll(`http${base}`, "/")
      .replaceAll(`ws${base}`, "/")
      .replace(/\?[^\s'")]*/g, "")
      .replace(/ directive '.*'\. Either/, " directive. Either");
  }

  /** Requests to this machine that were not to the application's address. */
  escaped() {
    const base = this.base.replace(/^http/, "");
    const urls = [...this.seen("requests"), ...this.seen("sockets")].map(({ url }) => url);
    const outside = urls.filter((url) => /^(http|ws)s?:/.test(url) && !url.replace(/^(http|ws)/, "").startsWith(base));
    return [...new Set(outside)];
  }

  /** Failed requests and complaints on the console, each once. */
  troubles() {
    const failures = this.seen("failures").map(({ status, method, url }) => `${status} ${method} ${this.plain(url)}`);
    const errors = this.seen("console")
      // A failed load is judged by its request.
      .filter(({ text }) => !text.startsWith("Failed to load resource:"))
      .map(({ text }) => this.plain(text));
    return [...new Set([...failures, ...this.#failed, ...errors])];
  }

  async close() {
    await Promise.all(this.#pages.map((page) => page.close()));
  }
}
