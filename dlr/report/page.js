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
  all("table[data-name]").forEach((table) => {
    all("thead th", table).forEach((heading, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.title = "Sort";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => sort(table, index, heading));
    });
  });
  // What a spreadsheet program would run as a formula gets an apostrophe in front, as in the CSV
  // files (dlr/safety/spreadsheets.py): names of columns, levels and centres are other people's.
  const harmless = (text) => {
    if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return text;
    return text.replace(/\r\n?/g, "\n")
      .replace(/([;\t\n])(["' ]*)(?=[=+\-@\t\uff1d\uff0b\uff0d\uff20])/g, "$1'$2")
      .replace(/^(["' ]*)(?=[=+\-@\t\uff1d\uff0b\uff0d\uff20])/, "'$1");
  };
  const quoted = (cell) => `"${harmless(cell.textContent).replaceAll('"', '""')}"`;
  all("[data-csv]").forEach((button) => button.addEventListener("click", () => {
    const table = document.querySelector(`table[data-name="${button.dataset.csv}"]`);
    const lines = Array.from(table.rows, (row) => Array.from(row.cells, quoted).join(","));
    // The mark at the start tells spreadsheet programs that the text is UTF-8.
    const blob = new Blob(["\ufeff" + lines.join("\r\n")], { type: "text/csv" });
    save(`${button.dataset.csv}.csv`, URL.createObjectURL(blob));
  }));

  // A plain table for word processors and spreadsheets: no colours, no buttons, nothing but cells.
  const plain = (table) => {
    const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    const rows = Array.from(table.rows, (row) => {
      const cells = Array.from(row.cells, (cell) => {
        const tag = cell.tagName.toLowerCase();
        return `<${tag}>${escaped(harmless(cell.textContent.trim()))}</${tag}>`;
      });
      return `<tr>${cells.join("")}</tr>`;
    });
    return `<table border="1" cellspacing="0" cellpadding="4">${rows.join("")}</table>`;
  };
  const said = document.getElementById("said");
  const copy = (html, text, done) => {
    // A copy event works in a page opened from a file, too, where the clipboard is closed.
    document.addEventListener("copy", (event) => {
      event.clipboardData.setData("text/html", html);
      event.clipboardData.setData("text/plain", text);
      event.preventDefault();
    }, { once: true });
    said.textContent = document.execCommand("copy") ? done : "Copying was refused.";
    setTimeout(() => { said.textContent = ""; }, 2500);
  };
  all("[data-copy]").forEach((button) => button.addEventListener("click", () => {
    const table = document.querySelector(`table[data-name="${button.dataset.copy}"]`);
    const tabbed = Array.from(table.rows, (row) =>
      Array.from(row.cells, (cell) => harmless(cell.textContent.trim())).join("\t")).join("\n");
    copy(plain(table), tabbed, "Table copied.");
  }));
  document.getElementById("copy-methods")?.addEventListener("click", () => {
    const lines = all("#methods p.plain, #methods li");
    copy(
      lines.map((line) => `<p>${line.innerHTML}</p>`).join(""),
      lines.map((line) => line.textContent.trim()).join("\n\n"),
      "Methods copied.",
    );
  });

  // Figures: enlarge, zoom, download.
  const viewer = document.getElementById("viewer");
  const stage = viewer.querySelector(".stage");
  let scale = 1;
  const zoom = (to) => {
    scale = Math.min(8, Math.max(1, to));
    if (stage.firstElementChild) stage.firstElementChild.style.width = `${100 * scale}%`;
  };
  all(".zoom").forEach((button) => button.addEventListener("click", () => {
    const shown = button.querySelector("img, svg").cloneNode(true);
    shown.removeAttribute("width");
    stage.replaceChildren(shown);
    viewer.classList.toggle("square", shown.tagName.toLowerCase() === "svg");
    zoom(1);
    viewer.showModal();
    stage.focus();
  }));
  const press = (id, action) => document.getElementById(id)?.addEventListener("click", action);
  press("close", () => viewer.close());
  press("larger", () => zoom(scale * 1.4));
  press("smaller", () => zoom(scale / 1.4));
  press("fit", () => zoom(1));
  viewer.addEventListener("keydown", (event) => {
    const factor = { "+": 1.4, "=": 1.4, "-": 1 / 1.4, 0: 0 }[event.key];
    if (factor === undefined) return;
    event.preventDefault();
    zoom(scale * factor);
  });
  viewer.addEventListener("click", (event) => {
    if (event.target === viewer) viewer.close();
  });
  all("[data-image]").forEach((button) => button.addEventListener("click", () => {
    const image = document.querySelector(`#figure-${button.dataset.image} img`);
    save(image.dataset.name, image.src);
  }));

  // Cases: one at a time; the arrow keys of the list work, too.
  const cards = all("article.case");
  const pick = document.getElementById("case-pick");
  const turn = (index) => {
    const place = (index + cards.length) % cards.length;
    cards.forEach((card, i) => card.classList.toggle("current", i === place));
    pick.selectedIndex = place;
  };
  if (pick) {
    document.querySelector(".cases").classList.add("paged");
    turn(0);
    pick.addEventListener("change", () => turn(pick.selectedIndex));
    press("case-back", () => turn(pick.selectedIndex - 1));
    press("case-next", () => turn(pick.selectedIndex + 1));
    const outline = document.getElementById("case-outline");
    outline.addEventListener("change", () => {
      document.querySelector(".cases").classList.toggle("bare", !outline.checked);
    });
    const follow = () => {
      const index = cards.findIndex((card) => `#${card.id}` === location.hash);
      if (index < 0) return;
      turn(index);
      document.querySelector(".cases").scrollIntoView();
    };
    addEventListener("hashchange", follow);
    all("a[href^='#case-']").forEach((link) => link.addEventListener("click", () => {
      if (link.hash === location.hash) follow();
    }));
    follow();
  }

  // A link into something folded opens it.
  const reveal = () => {
    let place = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
    for (; place; place = place.parentElement) {
      if (place.tagName === "DETAILS") place.open = true;
    }
  };
  addEventListener("hashchange", reveal);
  reveal();

  // Light and dark; a print opens everything that is folded.
  document.getElementById("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  document.getElementById("print").addEventListener("click", () => print());
  const opened = new Set();
  addEventListener("beforeprint", () => all("details:not([open])").forEach((item) => {
    item.open = true;
    opened.add(item);
  }));
  addEventListener("afterprint", () => {
    opened.forEach((item) => { item.open = false; });
    opened.clear();
  });

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
