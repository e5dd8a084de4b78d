"use strict";
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  const save = (name, address) => {
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
  };

  // Tables: click a heading to sort; numbers by value, the rest by letters.
  const numeric = (text) => {
    const match = text.replaceAll("\u2212", "-").replaceAll(",", "").match(/-?\d+(\.\d+)?/);
    return match ? Number(match[0]) : NaN;
  };
  const sort = (table, index, heading) => {
    const down = heading.getAttribute("aria-sort") === "ascending";
    all("th", table).forEach((cell) => cell.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const key = (row) => row.cells[index].textContent;
    const rows = Array.from(body.rows);
    const byNumber = rows.every((row) => key(row).trim() === "" || /^[<>\u2212-]?\d/.test(key(row).trim()) || key(row) === "\u2013");
    rows.sort((a, b) => {
      const order = byNumber
        ? (numeric(key(a)) || 0) - (numeric(key(b)) || 0)
        : key(a).localeCompare(key(b), undefined, { numeric: true });
      return down ? -order : order;
    });
    body.append(...rows);
  };
  all("table").forEach((table) => {
    all("thead th", table).forEach((heading, index) => {
      heading.tabIndex = 0;
      heading.title = "Sort";
      heading.addEventListener("click", () => sort(table, index, heading));
      heading.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          sort(table, index, heading);
        }
      });
    });
  });
  const quoted = (cell) => `"${cell.textContent.replaceAll('"', '""')}"`;
  all("[data-csv]").forEach((button) => button.addEventListener("click", () => {
    const table = document.querySelector(`table[data-name="${button.dataset.csv}"]`);
    const lines = Array.from(table.rows, (row) => Array.from(row.cells, quoted).join(","));
    // The mark at the start tells spreadsheet programs that the text is UTF-8.
    const blob = new Blob(["\ufeff" + lines.join("\r\n")], { type: "text/csv" });
    save(`${button.dataset.csv}.csv`, URL.createObjectURL(blob));
  }));

  // Figures: enlarge and download.
  const viewer = document.getElementById("viewer");
  all(".zoom").forEach((button) => button.addEventListener("click", () => {
    const image = button.querySelector("img");
    const large = viewer.querySelector("img");
    large.src = image.src;
    large.alt = image.alt;
    viewer.showModal();
  }));
  document.getElementById("close").addEventListener("click", () => viewer.close());
  viewer.addEventListener("click", (event) => {
    if (event.target === viewer) viewer.close();
  });
  all("[data-image]").forEach((button) => button.addEventListener("click", () => {
    const image = document.querySelector(`#figure-${button.dataset.image} img`);
    save(image.dataset.name, image.src);
  }));

  // Light and dark; a print opens everything that is folded.
  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  document.getElementById("print").addEventListener("click", () => print());
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    closed.forEach((item) => { item.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((item) => { item.open = false; }));

  // Mark in the navigation where the reader is.
  const links = new Map(all("nav a").map((link) => [link.hash.slice(1), link]));
  const watcher = new IntersectionObserver((entries) => {
    entries.filter((entry) => entry.isIntersecting).forEach((entry) => {
      links.forEach((link) => link.classList.remove("here"));
      links.get(entry.target.id)?.classList.add("here");
    });
  }, { rootMargin: "-10% 0px -80% 0px" });
  all("main section").forEach((section) => watcher.observe(section));
})();
