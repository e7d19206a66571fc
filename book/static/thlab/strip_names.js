/* Names for screen readers that ipywidgets leaves out of a frame strip: the slider's handle is called what its label
   says, and the pictures' alt text is the line below them. Widgets are drawn late and redrawn, so the page is watched. */
(function () {
  "use strict";
  const set = (element, key, value) => { if (element.getAttribute(key) !== value) element.setAttribute(key, value); };
  function nameStrip(strip) {
    const label = strip.querySelector(".widget-slider .widget-label");
    const name = label ? label.textContent : "frame";
    strip.querySelectorAll(".noUi-handle").forEach((handle) => set(handle, "aria-label", name));
    const words = strip.querySelector(".thlab-alt");
    if (words) strip.querySelectorAll("img").forEach((image) => set(image, "alt", words.textContent.trim()));
    strip.querySelectorAll(".jupyter-button").forEach((button) => {
      if (button.title) set(button, "aria-label", button.title);
    });
  }
  const nameAll = () => document.querySelectorAll(".thlab-strip").forEach(nameStrip);
  new MutationObserver(nameAll).observe(document.body, { childList: true, subtree: true });
  nameAll();
})();
