// A policy and its editor: what AWS would say of it, and what would become of each link, before anything is applied.

function render({ model, el }) {
  speak({ model, el });
  const view = new PolicyEditor(model, el);
  return () => view.close();
}

class PolicyEditor {
  constructor(model, el) {
    this.model = model;
    this.post = new Post(model);
    this.build(el);
    this.reader = reader(this.news);
    this.changed = () => this.update();
    this.drawn = () => showPicture(this.figure, model.get("picture"));
    model.on("change:state", this.changed);
    model.on("change:picture", this.drawn);
    this.text.replace(this.state.text);
    this.update();
    this.drawn();
  }

  get state() {
    return this.model.get("state");
  }

  close() {
    this.reader.close();
    this.model.off("change:state", this.changed);
    this.model.off("change:picture", this.drawn);
  }

  build(el) {
    const state = this.state;
    const id = `xsfn-editor-${Math.random().toString(36).slice(2)}`;
    this.text = new CodeArea(`${id}-text`, state.label, (text) => this.edited(text));
    this.apply = button(tr("Apply"), "xsfn-do", () => this.ask("apply"));
    this.reset = button(tr("Reset"), "xsfn-plain", () => this.ask("reset"));
    this.recommended = button(tr("Recommended"), "xsfn-plain", () => this.ask("recommended"));
    this.back = button(tr("My text again"), "xsfn-plain", () => this.ask("back"));
    this.said = h("p", { class: "xsfn-notice", role: "status", hidden: true });
    this.trouble = h("p", { class: "xsfn-fault", role: "alert", hidden: true });
    this.headline = h("p", { class: "xsfn-headline" });
    this.document = h("p", { class: "xsfn-document", id: `${id}-verdict` });
    this.text.area.setAttribute("aria-describedby", `${id}-verdict`);
    this.remarks = h("div", {});
    this.risks = h("div", {});
    this.links = h("div", {});
    this.notes = h("div", {});
    this.differs = h("div", {});
    this.more = folded(tr("Beside the recommended one"), true, this.differs);
    this.figure = h("figure", { class: "xsfn-figure", hidden: true }, folded(tr("The chain as it would be"), true, h("div", { class: "xsfn-wide", role: "group", tabindex: "0", "aria-label": tr("The chain as it would be") }, h("img", { alt: "" }))));
    this.news = announcer();
    this.root = h(
      "section",
      { class: "xsfn-live xsfn-editor", "aria-label": state.title },
      h("header", {}, h("span", { class: "xsfn-title" }, state.title), h("span", { class: "xsfn-said" }, ...breakable(state.where))),
      this.trouble,
      h(
        "div",
        { class: "xsfn-desk" },
        h("div", {}, this.text.element, this.document, this.remarks, h("div", { class: "xsfn-buttons" }, this.apply, this.reset, this.recommended, this.back), this.said, this.more),
        h("div", { class: "xsfn-judgement" }, this.headline, this.notes, this.risks, this.links),
      ),
      this.figure,
      this.news,
    );
    el.append(this.root);
  }

  edited(text) {
    set(this.root, "data-judged", "false");
    this.post.send("edit", { text });
  }

  ask(wish) {
    this.post.send(wish, { text: this.text.value });
  }

  update() {
    const newest = this.post.answered();
    const state = this.state;
    // What comes from elsewhere (a button, another view, a cell) is taken over; what was typed since is not lost.
    if (newest) this.text.replace(state.text);
    set(this.root, "data-judged", newest);
    this.text.mark(state.remarks);
    set(this.root, "data-accepted", state.accepted);
    this.document.replaceChildren(h("span", { class: "xsfn-word" }, state.verdict.slice(0, 1)), state.verdict.slice(1));
    set(this.document, "data-state", state.accepted ? "allowed" : "refused");
    set(this.text.area, "aria-invalid", !state.accepted);
    say(this.headline, state.headline);
    fill(this.remarks, ...(state.remarks.length ? [remarks(state.remarks, this.text)] : []));
    fill(this.notes, ...state.notes.map((note) => h("p", { class: "xsfn-how" }, note)));
    fill(this.risks, ...(state.risks.length ? [h("h5", {}, tr("Who else would get in")), risks(state.risks)] : []));
    fill(this.links, links(state.links));
    fill(this.differs, ...(state.differs.length ? [difference(state.differs)] : []));
    this.more.hidden = !state.differs.length;
    this.apply.disabled = !state.can_apply;
    say(this.apply, state.apply);
    this.reset.disabled = !state.can_reset;
    this.recommended.disabled = !state.differs.length;
    this.back.hidden = !state.can_go_back;
    this.said.hidden = !state.said;
    say(this.said, state.said);
    this.trouble.hidden = !state.trouble;
    say(this.trouble, state.trouble);
    if (newest) this.reader.say(`${state.verdict} ${state.headline}`);
  }
}

export default { render };
