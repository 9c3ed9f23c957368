// A run: both executions on one axis of time, their events side by side, progress, and a button that stops them.

const STATUS = { RUNNING: "▶", SUCCEEDED: "✓", FAILED: "✗", ABORTED: "■", TIMED_OUT: "✗", "never started": "–" };
const DOT = 19; // the room one link's dot takes
const BEAT = 200; // milliseconds between two looks at the clock while the run goes on

function render({ model, el }) {
  speak({ model, el });
  const view = new RunDisplay(model, el);
  return () => view.close();
}

class RunDisplay {
  constructor(model, el) {
    this.model = model;
    this.rows = new Map();
    this.seen = performance.now();
    this.build(el);
    this.changed = () => this.update();
    model.on("change:state", this.changed);
    this.update();
    this.clock = setInterval(() => this.tick(), BEAT);
  }

  get state() {
    return this.model.get("state");
  }

  close() {
    clearInterval(this.clock);
    this.model.off("change:state", this.changed);
  }

  build(el) {
    this.title = h("span", { class: "xsfn-title" });
    this.bar = h("progress", { "aria-label": tr("Links passed") });
    this.progress = h("span", { class: "xsfn-said" });
    this.stop = h("button", { class: "xsfn-stop", type: "button" });
    this.stop.addEventListener("click", () => this.model.send({ do: this.state.stop }));
    this.stop.addEventListener("keydown", (event) => ["Enter", " "].includes(event.key) && event.stopPropagation());
    this.said = h("p", { class: "xsfn-notice", role: "status" });
    this.axis = h("div", { class: "xsfn-axis", "aria-hidden": "true" });
    this.body = h("tbody", {});
    this.owners = ["operator", "subject"].map(() => h("th", { scope: "col" }));
    this.trouble = h("div", { class: "xsfn-trouble" });
    const table = h("table", { class: "xsfn-events" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, tr("Time")), ...this.owners)), this.body);
    this.news = announcer();
    this.root = h("section", { class: "xsfn-live xsfn-run", "aria-label": tr("A run, live") }, h("header", {}, this.title, this.bar, this.progress, this.stop), this.said, this.trouble, this.axis, table, this.news);
    el.append(this.root);
    this.lanes = new Map();
  }

  update() {
    const state = this.state;
    this.seen = performance.now();
    this.reached = Math.max(0, ...state.events.map((event) => event.at));
    say(this.title, state.title);
    this.bar.max = state.links;
    this.bar.value = state.passed;
    say(this.progress, tr("{passed} of {links} links passed", state));
    set(this.root, "data-ended", state.ended);
    const focused = document.activeElement === this.stop;
    this.stop.hidden = !state.stop;
    if (focused && this.stop.hidden) this.said.tabIndex = -1, this.said.focus();
    say(this.stop, { stop: tr("■ Stop"), "stop-child": tr("■ Stop the Subject execution as its administrator") }[state.stop] ?? "");
    this.said.hidden = !state.said;
    say(this.said, state.said);
    state.executions.forEach((execution, at) => {
      this.owners[at].replaceChildren(execution.title, " ", h("span", { class: "xsfn-pill", "data-status": execution.status }, `${STATUS[execution.status] ?? ""} ${execution.word}`));
    });
    for (const event of state.events) this.row(event);
    // The merged order can change while events still come in: put the rows as they are told.
    state.events.forEach((event, at) => {
      const row = this.rows.get(event.key);
      if (this.body.children[at] !== row) this.body.insertBefore(row, this.body.children[at] ?? null);
    });
    this.tellTrouble(state);
    this.tick();
    if (state.ended) {
      const executions = state.executions.map((one) => `${one.title} ${one.word}`).join(", ");
      say(this.news, tr("The run has ended: {executions}.", { executions }) + ` ${state.trouble}`);
    }
  }

  row(event) {
    if (this.rows.has(event.key)) {
      say(this.rows.get(event.key).firstChild, `+${event.at} ms`);
      return;
    }
    const cell = h(
      "td",
      { class: "xsfn-event", "data-failed": event.failed },
      h("b", {}, ...breakable(event.type)),
      event.link ? h("span", { class: "xsfn-pill", "data-status": event.failed ? "FAILED" : "link" }, tr("link {number}", { number: event.link })) : null,
      event.failed ? h("span", { class: "xsfn-pill", "data-status": "FAILED" }, "✗ " + tr("failed")) : null,
      event.summary ? h("div", { class: "xsfn-summary" }, ...breakable(event.summary)) : null,
    );
    const empty = h("td", {});
    const cells = event.side === "operator" ? [cell, empty] : [empty, cell];
    const row = h("tr", { "data-side": event.side, "data-key": event.key }, h("td", { class: "xsfn-time" }, `+${event.at} ms`), ...cells);
    this.rows.set(event.key, row);
    this.body.append(row);
  }

  tellTrouble(state) {
    const told = JSON.stringify([state.trouble, state.why]);
    if (told === this.told) return;
    this.told = told;
    this.trouble.hidden = !state.trouble;
    this.trouble.replaceChildren(h("b", {}, `✗ ${state.trouble}`), facts(state.why.map((fact) => [fact.label, fact.text])));
  }

  /** The bars on the axis; those of running executions grow with the clock. */
  tick() {
    const state = this.state;
    const now = state.ended ? this.reached : Math.max(this.reached, this.reached + performance.now() - this.seen);
    const whole = Math.max(now, 1);
    for (const execution of state.executions) {
      const lane = this.lane(execution);
      const known = execution.start >= 0;
      const end = execution.end >= 0 ? execution.end : now;
      lane.bar.style.left = `${known ? (100 * execution.start) / whole : 0}%`;
      lane.bar.style.width = `${known ? Math.max((100 * (end - execution.start)) / whole, 0.5) : 0}%`;
      set(lane.bar, "data-status", execution.status);
      this.place(lane, state.events.filter((one) => one.side === execution.side), whole);
    }
    say(this.scale ?? (this.scale = this.axis.appendChild(h("div", { class: "xsfn-scale" }))), `0 … ${now < 10000 ? `${Math.round(now)} ms` : `${Math.round(now / 1000)} s`}`);
    if (state.ended) clearInterval(this.clock);
  }

  /** Each event where its time is; those of links side by side where they would cover each other. */
  place(lane, events, whole) {
    const width = lane.track.clientWidth;
    let free = 0;
    for (const event of events) {
      const x = (width * event.at) / whole;
      this.dot(lane, event).style.left = `${event.link ? Math.max(x, free) : x}px`;
      if (event.link) free = Math.max(x, free) + DOT;
    }
  }

  lane(execution) {
    if (!this.lanes.has(execution.side)) {
      const bar = h("div", { class: "xsfn-bar" });
      const track = h("div", { class: "xsfn-track" }, bar);
      this.axis.append(h("div", { class: "xsfn-lane" }, h("span", {}, execution.side === "operator" ? "Operator" : "Subject"), track));
      this.lanes.set(execution.side, { bar, track, dots: new Map() });
    }
    return this.lanes.get(execution.side);
  }

  dot(lane, event) {
    if (!lane.dots.has(event.key)) {
      const dot = h("span", { class: "xsfn-dot", "data-failed": event.failed, title: event.type }, event.link ? String(event.link) : "");
      if (event.link) set(dot, "data-link", event.link);
      lane.track.append(dot);
      lane.dots.set(event.key, dot);
    }
    return lane.dots.get(event.key);
  }
}

export default { render };
