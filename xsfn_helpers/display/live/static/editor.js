// A policy and its editor: what AWS would say of it, and what would become of each link, before anything is applied.

class PolicyEditor extends Desk {
  build(el) {
    const state = this.state;
    this.parts(`xsfn-editor-${Math.random().toString(36).slice(2)}`);
    this.risks = h("div", {});
    this.notes = h("div", {});
    this.figure = h("figure", { class: "xsfn-figure", hidden: true }, folded(tr("The chain as it would be"), true, h("div", { class: "xsfn-wide", role: "group", tabindex: "0", "aria-label": tr("The chain as it would be") }, h("img", { alt: "" }))));
    this.root = h(
      "section",
      { class: "xsfn-live xsfn-editor", "aria-label": state.title },
      h("header", {}, h("span", { class: "xsfn-title" }, state.title), h("span", { class: "xsfn-said" }, ...breakable(state.where))),
      this.trouble,
      h(
        "div",
        { class: "xsfn-desk" },
        h("div", {}, this.text.element, this.document, this.remarks, this.buttons, this.said, this.more),
        h("div", { class: "xsfn-judgement" }, this.headline, this.notes, this.risks, this.links),
      ),
      this.figure,
      this.news,
    );
    el.append(this.root);
  }

  edited(text) {
    set(this.root, "data-judged", "false");
    super.edited(text);
  }

  update() {
    const newest = this.updateParts();
    const state = this.state;
    fill(this.notes, ...state.notes.map((note) => h("p", { class: "xsfn-how" }, note)));
    fill(this.risks, ...(state.risks.length ? [h("h5", {}, tr("Who else would get in")), risks(state.risks)] : []));
    if (newest) this.reader.say(`${state.verdict} ${state.headline}`);
  }
}

export default showing(PolicyEditor);
