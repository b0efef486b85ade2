// Pictures can be enlarged to the whole width, by a button or by a click on the picture.
"use strict";
(() => {
  for (const figure of document.querySelectorAll(".picture:not(.wide)")) {
    const image = figure.querySelector("img");
    if (!image) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "enlarge";
    const title = figure.dataset.title;
    const show = () => {
      button.textContent = figure.classList.contains("wide") ? "Shrink" : "Enlarge";
      button.setAttribute("aria-label", `${button.textContent} ${title}`);
    };
    const toggle = () => { figure.classList.toggle("wide"); show(); };
    button.onclick = toggle;
    image.onclick = toggle;
    image.classList.add("zoomable");
    figure.append(button);
    show();
  }
})();
