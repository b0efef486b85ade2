// Sorting, searching, filtering and paging of all tables of a page. A table's rows are HTML, or JSON by column.
"use strict";
(() => {
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const number = (value) => (value === "" || value === null || isNaN(value) ? null : Number(value));
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // Rows that are HTML already.
  function plainRows(body, isNumber) {
    return [...body.rows].map((element) => ({
      keys: [...element.cells].map((cell, i) => {
        const key = cell.dataset.key ?? cell.textContent;
        return isNumber[i] ? number(cell.dataset.key ?? key.replaceAll(",", "")) : key;
      }),
      texts: [...element.cells].map((cell) => cell.textContent),
      element,
    }));
  }

  // Rows that are made of JSON when they are looked at.
  function storedRows(columns, isNumber) {
    const keys = columns.map((c) => (c.words ? c.cells.map((i) => (i < 0 ? null : c.words[i])) : c.cells));
    const whole = columns.map((c, i) => isNumber[i] && c.cells.every((v) => v === null || Number.isInteger(v)));
    const written = (i, value) =>
      value === null ? "" : typeof value !== "number" ? value
        : whole[i] ? value.toLocaleString("en") : value.toFixed(columns[i].decimals);
    return keys[0].map((_, row) => ({
      get keys() { return keys.map((cells) => cells[row]); },
      get texts() { return keys.map((cells, i) => written(i, cells[row])); },
      get element() {
        const element = make("tr");
        this.texts.forEach((value, i) => element.append(make("td", { textContent: value, className: isNumber[i] ? "number" : "" })));
        return element;
      },
    }));
  }

  function begin(box) {
    const table = box.querySelector("table"), body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const isNumber = heads.map((head) => head.classList.contains("number"));
    const stored = box.querySelector("script[type='application/json']");
    const rows = stored ? storedRows(JSON.parse(stored.textContent), isNumber) : plainRows(body, isNumber);
    const perPage = stored ? Number(box.dataset.rows) : Infinity;
    const state = { column: null, descending: false, query: "", chosen: new Map(), page: 0 };
    let shown = rows;

    const status = make("p", { className: "status" });
    status.setAttribute("role", "status");
    const controls = make("div", { className: "controls" });
    const pages = make("div", { className: "pages" });

    function draw() {
      const n = shown.length, first = state.page * perPage;
      const visible = perPage === Infinity ? shown : shown.slice(first, first + perPage);
      body.replaceChildren(...visible.map((row) => row.element));
      const of = n === rows.length ? `${n.toLocaleString("en")} rows` : `${n.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows`;
      status.textContent = n > visible.length ? `${(first + 1).toLocaleString("en")} to ${(first + visible.length).toLocaleString("en")} of ${of}` : of;
      pages.hidden = n <= perPage;
      previous.disabled = state.page === 0;
      next.disabled = first + visible.length >= n;
    }

    function select() {
      const query = state.query.trim().toLowerCase().split(/\s+/).filter(Boolean);
      const isWhole = !query.length && !state.chosen.size;
      shown = isWhole ? rows : rows.filter((row) => {
        const texts = row.texts;
        for (const [column, value] of state.chosen) if (texts[column] !== value) return false;
        if (!query.length) return true;
        const text = texts.join("\n").toLowerCase();
        return query.every((word) => text.includes(word));
      });
      if (state.column !== null) {
        const i = state.column, sign = state.descending ? -1 : 1;
        const keyed = shown.map((row) => [row.keys[i], row]);
        keyed.sort(([a], [b]) => {
          const none = (a === null || a === "") - (b === null || b === "");
          return none || (a === null || a === "" ? 0 : sign * (isNumber[i] ? a - b : collator.compare(a, b)));
        });
        shown = keyed.map(([, row]) => row);
      }
      state.page = 0;
      draw();
    }

    const turn = (by) => { state.page += by; draw(); };
    const previous = make("button", { type: "button", textContent: "Previous", onclick: () => turn(-1) });
    const next = make("button", { type: "button", textContent: "Next", onclick: () => turn(1) });
    pages.append(previous, next);

    heads.forEach((head, i) => {
      if (rows.length < 2) return;
      const button = make("button", { type: "button" }, ...head.childNodes);
      head.replaceChildren(button);
      button.onclick = () => {
        const same = state.column === i;
        state.descending = same ? !state.descending : isNumber[i];
        state.column = i;
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
        select();
      };
    });

    const caption = table.caption?.textContent || "this table";
    if ("searched" in box.dataset) {
      const search = make("input", { type: "search", placeholder: "Search", autocomplete: "off" });
      search.setAttribute("aria-label", `Search ${caption}`);
      let timer = 0;
      search.oninput = () => {
        clearTimeout(timer);
        timer = setTimeout(() => { state.query = search.value; select(); }, rows.length > 2000 ? 150 : 0);
      };
      controls.append(search);
    }
    heads.forEach((head, i) => {
      if (!("filter" in head.dataset) || rows.length < 2) return;
      const values = [...new Set(rows.map((row) => row.texts[i]))].sort(collator.compare);
      if (values.length < 2 || values.length > Number(box.dataset.mostFiltered)) return;
      const name = head.textContent;
      const choice = make("select", {}, make("option", { value: "", textContent: `${name}: all` }));
      values.forEach((value, n) => choice.append(make("option", { value: String(n), textContent: value || "(none)" })));
      choice.setAttribute("aria-label", `Filter by ${name}`);
      choice.onchange = () => {
        if (choice.value === "") state.chosen.delete(i); else state.chosen.set(i, values[Number(choice.value)]);
        select();
      };
      controls.append(choice);
    });
    if (controls.children.length) { controls.append(status); box.prepend(controls); }
    if (stored) { box.querySelector(".scroll").after(pages); draw(); } else { draw(); }
  }

  document.querySelectorAll(".data-table").forEach(begin);
})();
