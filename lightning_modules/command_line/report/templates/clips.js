// Clips play; a button stops all of them, and they begin still where the reader asked the system for less motion.
"use strict";
(() => {
  const clips = [...document.querySelectorAll("img[data-still]")];
  if (!clips.length) return;
  clips.forEach((clip) => { clip.dataset.clip = clip.src; });
  const section = clips[0].closest("section");
  const button = document.createElement("button");
  button.type = "button";
  let playing = true;
  const show = () => {
    clips.forEach((clip) => { clip.src = playing ? clip.dataset.clip : clip.dataset.still; });
    button.textContent = playing ? "Stop clips" : "Play clips";
  };
  button.onclick = () => { playing = !playing; show(); };
  (section.querySelector(".summary") ?? section.querySelector("h2")).after(button);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) playing = false;
  show();
})();
