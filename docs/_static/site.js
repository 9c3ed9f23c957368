// What Sphinx's pages lack for those who use a keyboard or a screen reader.
addEventListener("DOMContentLoaded", () => {
  for (const caption of document.querySelectorAll('[role="heading"]:not([aria-level])')) {
    caption.setAttribute("aria-level", "2");
  }
  // Whatever scrolls by itself can be reached and scrolled with the keys.
  for (const block of document.querySelectorAll("article pre, .cell_output, .table-wrapper")) {
    if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
  }
});
