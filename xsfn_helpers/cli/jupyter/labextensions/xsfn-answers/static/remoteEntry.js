// The stored output under a question is its answer: it is out of sight until the cell is run, or the reader asks for it.
//
// The notebook itself stays as it is, for its outputs are what the tests compare with. Which cells: those with the tag.

(() => {
  const NAME = "xsfn-answers";
  const TAGS = ["predict", "solution"];
  const HIDDEN = "xsfn-answer-hidden";
  const STYLE = `
    .${HIDDEN} > .jp-Cell-outputWrapper { display: none; }
    .xsfn-answer { margin: 4px 0 4px calc(var(--jp-cell-prompt-width, 64px) + 12px); padding: 2px 10px; font: inherit;
      color: var(--jp-ui-font-color1); background: transparent; border: 1px solid var(--jp-border-color1); border-radius: 4px; }
    :not(.${HIDDEN}) > .xsfn-answer { display: none; }`;
  const WORDS = {
    en: "Run the cell to see the answer, or show the stored one",
    ja: "セルを実行すると答えが出ます (保存済みの答えを表示)",
  };
  const seen = new WeakSet();

  function hide(cell, words) {
    const button = document.createElement("button");
    const show = () => {
      cell.node.classList.remove(HIDDEN);
      button.remove();
      cell.model.stateChanged.disconnect(run);
    };
    const run = (_, change) => {
      if (change.name === "executionCount" || change.name === "executionState") show();
    };
    button.type = "button";
    button.className = "xsfn-answer";
    button.textContent = words;
    button.addEventListener("click", show);
    cell.model.stateChanged.connect(run);
    cell.node.classList.add(HIDDEN);
    cell.node.append(button);
  }

  async function look(panel) {
    const context = panel?.context;
    if (!panel?.content?.widgets || !context?.ready || seen.has(panel)) return;
    seen.add(panel);
    await context.ready;
    const words = WORDS[/(^|\/)ja\//.test(context.path) ? "ja" : "en"];
    for (const cell of panel.content.widgets) {
      const tags = cell.model.getMetadata?.("tags") ?? [];
      if (cell.model.type === "code" && cell.model.outputs.length && tags.some((tag) => TAGS.includes(tag))) hide(cell, words);
    }
  }

  const plugin = {
    id: `${NAME}:plugin`,
    autoStart: true,
    activate(app) {
      const style = document.createElement("style");
      style.textContent = STYLE;
      document.head.append(style);
      const all = () => {
        for (const panel of app.shell.widgets("main")) void look(panel);
      };
      app.shell.layoutModified?.connect(all);
      app.shell.currentChanged?.connect(all);
      void app.restored.then(all);
    },
  };

  (window._JUPYTERLAB ??= {})[NAME] = {
    init() {},
    async get() {
      return () => ({ __esModule: true, default: plugin });
    },
  };
})();
