/* Names for screen readers that ipywidgets leaves out of a frame strip: the slider's handle is called what its label
   says, and a picture's alt text is its tooltip. Widgets are drawn late and redrawn, so the page is watched. */
(function () {
  "use strict";
  const set = (element, key, value) => { if (element.getAttribute(key) !== value) element.setAttribute(key, value); };
  function nameStrip(strip) {
    const label = strip.querySelector(".widget-slider .widget-label");
    const name = label ? label.textContent : "frame";
    strip.querySelectorAll(".noUi-handle").forEach((handle) => set(handle, "aria-label", name));
    strip.querySelectorAll("img[title]").forEach((image) => set(image, "alt", image.title));
    strip.querySelectorAll(".jupyter-button").forEach((button) => {
      if (button.title) set(button, "aria-label", button.title);
    });
  }
  const nameAll = () => document.querySelectorAll(".thlab-strip").forEach(nameStrip);
  new MutationObserver(nameAll).observe(document.body, { childList: true, subtree: true });
  nameAll();
})();
