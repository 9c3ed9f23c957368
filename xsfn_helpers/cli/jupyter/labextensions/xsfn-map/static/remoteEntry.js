// The map of both accounts as a pane of JupyterLab's, the same for all notebooks.
//
// JupyterLab takes an extension as a container of shared modules: `init` is given its own modules, `get` gives ours.
// That is all a bundler would add, so there is none. The other end is xsfn_helpers/lab/map: a server's, or, in a browser
// tab, a kernel's.

(() => {
  const NAME = "xsfn-map";
  const LATER = 2000; // milliseconds until the next request after one that failed
  // JupyterLite says so on its pages, and where its site begins; the page's address changes later.
  const SITE = document.querySelector("script[data-jupyter-lite-root]")?.dataset.jupyterLiteRoot;
  const START = location.search;
  let shared;

  /** One of JupyterLab's own modules. */
  async function ours(name) {
    const versions = Object.values(shared[name]);
    return (await (versions.find((one) => one.loaded) ?? versions[0]).get())();
  }

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  /** What the server says: `path` is below JupyterLab's own address, so a prefix or a proxy makes no difference. */
  async function ask(ServerConnection, path, signal) {
    const settings = ServerConnection.makeSettings();
    const response = await ServerConnection.makeRequest(`${settings.baseUrl}xsfn/${path}`, { signal, cache: "no-store" }, settings);
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.json();
  }

  /** A server that is asked. */
  class Server {
    constructor(ServerConnection) {
      this.connection = ServerConnection;
    }

    parts() {
      return ask(this.connection, "map/parts");
    }

    /** What there is, once it is different from what was `seen`. */
    next(seen, signal) {
      return ask(this.connection, `map?seen=${seen}`, signal);
    }
  }

  /** A browser tab, which has no server: the parts are files of the site's, and the kernel with the accounts tells. */
  class Kernels {
    constructor(root) {
      this.root = root;
      // The first notebook's language, until a kernel has said its own.
      this.language = /(?:=|notebooks\/)([a-z]{2})\b/.exec(decodeURIComponent(START))?.[1] ?? "en";
      this.channel = new BroadcastChannel(NAME);
      this.channel.onmessage = ({ data }) => {
        if (data === "ask") return;
        this.told = JSON.parse(data);
        this.wake?.();
      };
    }

    async parts(language = this.language) {
      const parts = await (await fetch(new URL(`xsfn-map/${language}.json`, this.root))).json();
      this.told ??= parts.stopped;
      this.channel.postMessage("ask");
      return parts;
    }

    async next(seen, signal) {
      while (this.told.version === seen) {
        await new Promise((resolve, reject) => {
          this.wake = resolve;
          signal.addEventListener("abort", reject);
        });
      }
      return this.told;
    }
  }

  /** The kernels that were restarted since they opened a lab: their notebooks have no `lab`. */
  class Restarted {
    constructor(shell, changed) {
      this.shell = shell;
      this.changed = changed;
      this.known = new WeakSet();
      this.without = new WeakSet();
      shell.currentChanged?.connect(() => this.look());
      this.look();
    }

    get here() {
      const context = this.shell.currentWidget?.sessionContext;
      // Whoever clicks into the map still works in the notebook that they came from.
      if (context) this.last = context;
      return Boolean(this.last) && this.without.has(this.last);
    }

    look() {
      const context = this.shell.currentWidget?.sessionContext;
      if (context && !this.known.has(context)) {
        this.known.add(context);
        context.statusChanged.connect((_, status) => {
          if (!["restarting", "autorestarting"].includes(status)) return;
          this.without.add(context);
          this.changed();
        });
        context.iopubMessage.connect((_, message) => {
          if (message.header.msg_type !== "execute_input" || !/open_lab\(/.test(message.content.code)) return;
          this.without.delete(context);
          this.changed();
        });
      }
      this.changed();
    }
  }

  /** What the pane shows: the live diagram, or what to do so that there is one. */
  class Pane {
    constructor(node, parts, refresh) {
      Object.assign(this, { node, parts, refresh, heard: new Set(), shown: null, close: null });
      const { words } = parts;
      this.note = element("div", { class: "xsfn-live xsfn-restarted", role: "status", hidden: "" });
      this.note.append(element("h4", {}, words.restarted), element("p", {}, words.again), element("pre", {}, parts.code));
      this.start = element("div", { class: "xsfn-live xsfn-start", role: "status", hidden: "" });
      this.diagram = element("div");
      this.text = element("pre", { tabindex: "0", "aria-label": words.text });
      this.words = element("details", { class: "xsfn-live xsfn-as-text", hidden: "" }, element("summary", {}, words.text), this.text);
      node.append(this.note, this.start, this.diagram, this.words);
    }

    /** What the live diagram asks of its model, which is a kernel's elsewhere. */
    get model() {
      return {
        get: (name) => ({ state: this.shown.view, words: this.parts.said, lang: this.parts.lang })[name],
        on: (_, listener) => this.heard.add(listener),
        off: (_, listener) => this.heard.delete(listener),
        send: () => this.refresh(),
      };
    }

    show(shown) {
      const before = this.shown;
      this.shown = shown;
      const names = (one) => JSON.stringify(one?.view?.accounts.map(({ title, boxes }) => [title, boxes.map((box) => box.name)]));
      if (this.close && (!shown.view || names(before) !== names(shown))) {
        this.close();
        this.close = null;
        this.diagram.replaceChildren();
      }
      if (shown.view && !this.close) this.close = this.parts.render({ model: this.model, el: this.diagram });
      else for (const listener of this.heard) listener();
      this.words.hidden = !shown.view;
      this.text.textContent = shown.text;
      this.start.hidden = Boolean(shown.view);
      if (!shown.view) this.start.replaceChildren(element("h4", {}, shown.headline), ...shown.lines.map((line) => element("p", {}, line)), ...(shown.code ? [element("pre", {}, shown.code)] : []));
      this.node.dataset.state = shown.state;
    }

    restarted(here) {
      this.note.hidden = !here;
    }
  }

  async function plugin() {
    const [{ Widget }, { ILayoutRestorer }, { ICommandPalette }, { ServerConnection }] = await Promise.all(
      ["@lumino/widgets", "@jupyterlab/application", "@jupyterlab/apputils", "@jupyterlab/services"].map(ours),
    );

    class AccountsMap extends Widget {
      constructor(shell) {
        super();
        this.shell = shell;
        this.source = SITE === undefined ? new Server(ServerConnection) : new Kernels(new URL(SITE, location.href));
        this.id = NAME;
        this.title.label = "Map";
        this.title.closable = true;
        this.addClass("xsfn-pane");
        this.node.setAttribute("role", "region");
      }

      onAfterAttach() {
        this.stopping = new AbortController();
        void this.follow(this.stopping.signal);
      }

      onBeforeDetach() {
        this.stopping.abort();
      }

      async prepared(language) {
        const { code, css, ...parts } = await this.source.parts(language);
        this.style?.remove();
        document.head.append((this.style = element("style", {}, css)));
        const module = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
        const { render } = (await import(/* webpackIgnore: true */ module)).default;
        URL.revokeObjectURL(module);
        this.title.label = parts.words.title;
        this.node.setAttribute("aria-label", parts.words.title);
        this.pane = new Pane(this.node, { ...parts, render, code: parts.start }, () => this.again?.abort());
        this.kernels ??= new Restarted(this.shell, () => this.kernels && this.pane.restarted(this.kernels.here));
      }

      /** Asks what there is, and then, again and again, for what is different. */
      async follow(signal) {
        let seen = "";
        while (!signal.aborted) {
          try {
            if (!this.pane) await this.prepared();
            this.again = new AbortController();
            const shown = await this.source.next(seen, AbortSignal.any([signal, this.again.signal]));
            if (shown.lang && shown.lang !== this.pane.parts.lang) {
              this.pane.close?.();
              this.node.replaceChildren();
              await this.prepared(shown.lang);
            }
            seen = shown.version;
            this.pane.show(shown);
          } catch (error) {
            if (signal.aborted) return;
            if (this.again?.signal.aborted) seen = "";
            else await new Promise((resolve) => setTimeout(resolve, LATER));
          }
        }
      }
    }

    return {
      id: `${NAME}:plugin`,
      autoStart: true,
      optional: [ILayoutRestorer, ICommandPalette],
      activate(app, restorer, palette) {
        let map = new AccountsMap(app.shell);
        restorer?.add(map, NAME);
        const command = `${NAME}:open`;
        app.commands.addCommand(command, {
          label: "Map of both accounts",
          execute() {
            if (map.isDisposed) map = new AccountsMap(app.shell);
            if (!map.isAttached) app.shell.add(map, "main", { mode: "split-right" });
            app.shell.activateById(map.id);
          },
        });
        palette?.addItem({ command, category: "xsfn" });
      },
    };
  }

  (window._JUPYTERLAB ??= {})[NAME] = {
    init(modules) {
      shared = modules;
    },
    async get() {
      const made = await plugin();
      return () => ({ __esModule: true, default: made });
    },
  };
})();
