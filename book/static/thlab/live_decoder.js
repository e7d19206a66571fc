/* Brings <figure class="thlab-live"> to life with onnxruntime-web. A classic script that fetches nothing,
   so that it runs from file:// as it does over http. thlab.explore.live_decoder writes the figure. */
(function () {
  "use strict";
  const STATIC = new URL((document.documentElement.dataset.content_root || "./") + "_static/", document.baseURI).href;
  const scripts = {};

  function loadScript(path) {
    scripts[path] = scripts[path] || new Promise((done, fail) => {
      const script = document.createElement("script");
      script.src = STATIC + path;
      script.onload = done;
      script.onerror = () => fail(new Error("cannot load " + path));
      document.head.appendChild(script);
    });
    return scripts[path];
  }

  async function loadBlob(name, path) {   // a script that holds base64 of gzip -> its bytes
    await loadScript(path);
    const text = atob(window.thlabBlobs[name]);
    const zipped = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    const stream = new Blob([zipped]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  let runtime = null;
  async function startRuntime() {
    await loadScript("npm/ort/ort.wasm.min.js");
    const [wasm, module] = await Promise.all(["wasm", "mjs"].map((kind) =>
      loadBlob("ort-wasm-simd-threaded." + kind, `npm/ort/ort-wasm-simd-threaded.${kind}.b64.js`)));
    const { env } = window.ort;
    env.wasm.numThreads = 1;              // more threads need headers that a plain server does not send
    env.wasm.wasmBinary = wasm;
    env.wasm.wasmPaths = { mjs: URL.createObjectURL(new Blob([module], { type: "text/javascript" })) };
    return window.ort;
  }

  function element(tag, properties, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  function sliderRow(slider) {
    const { min, max, step, value } = slider;
    const input = element("input", { type: "range", min, max, step, disabled: true });
    input.value = value;
    const output = element("output");
    const show = () => { output.textContent = Number(input.value).toFixed(2); };
    input.addEventListener("input", show);
    show();
    return { row: element("label", {}, slider.label, input, output), input, slider, show };
  }

  function choiceRow(choice) {
    const input = element("select", { disabled: true });
    Object.keys(choice.options).forEach((option) => input.add(new Option(option)));
    return { row: element("label", {}, choice.label, input), input, choice };
  }

  function inputVectors(config, controls) {   // thlab.explore.controls.input_vectors, in the page
    const vectors = {};
    for (const [name, size] of Object.entries(config.inputs)) vectors[name] = new Float32Array(size);
    for (const { choice, input } of controls) if (choice) vectors[choice.input].set(choice.options[input.value]);
    for (const { slider, input } of controls) if (slider) {
      const target = vectors[slider.input];
      slider.direction.forEach((d, i) => { target[i] += Number(input.value) * d; });
    }
    return vectors;
  }

  function draw(canvas, image) {
    const [, , height, width] = image.dims;
    const plane = height * width;
    const pixels = new ImageData(width, height);
    for (let i = 0; i < plane; i++) {
      for (let channel = 0; channel < 3; channel++) pixels.data[4 * i + channel] = 255 * image.data[channel * plane + i];
      pixels.data[4 * i + 3] = 255;
    }
    Object.assign(canvas, { width, height });
    canvas.getContext("2d").putImageData(pixels, 0, 0);
  }

  function build(figure) {
    const config = JSON.parse(figure.querySelector(".thlab-config").textContent);
    const poster = figure.querySelector(".thlab-poster");
    const canvas = element("canvas", { className: "thlab-canvas" });
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", poster.alt);
    const controls = [...config.choices.map(choiceRow), ...config.sliders.map(sliderRow)];
    const reset = element("button", { type: "button", textContent: "Reset", disabled: true });
    const status = element("div", { className: "thlab-status", textContent: "loading the model…" });
    status.setAttribute("role", "status");        // a polite live region: read out when it changes
    poster.after(element("div", { className: "thlab-panel" }, ...controls.map((c) => c.row), reset, status));
    figure.dataset.state = "loading";

    let session = null, busy = false, dirty = false;
    async function picture() {
      const feeds = {};
      for (const [name, vector] of Object.entries(inputVectors(config, controls)))
        feeds[name] = new window.ort.Tensor("float32", vector, [1, vector.length]);
      draw(canvas, (await session.run(feeds)).image);
    }
    async function refresh() {                    // the newest request wins, none queue up
      dirty = true;
      if (busy || !session) return;
      busy = true;
      while (dirty) {
        dirty = false;
        await picture();
        await new Promise(requestAnimationFrame);
      }
      busy = false;
    }
    async function start() {
      runtime = runtime || startRuntime();
      const [ort, model] = await Promise.all([runtime, loadBlob(config.model, `models/${config.model}.onnx.js`)]);
      session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
      await picture();
      poster.replaceWith(canvas);
      [...controls.map((c) => c.input), reset].forEach((control) => { control.disabled = false; });
      status.textContent = "The model runs in this page.";
      figure.dataset.state = "ready";
    }
    function fail(error) {
      figure.dataset.state = "failed";
      status.textContent = `The model could not start (${error.message}); the picture is a still.`;
    }
    controls.forEach(({ input }) => input.addEventListener("input", refresh));
    reset.addEventListener("click", () => {
      controls.forEach(({ input, slider, show }) => {
        if (slider) { input.value = slider.value; show(); } else input.selectedIndex = 0;
      });
      refresh();
    });
    start().catch(fail);
  }

  // A model is a few megabytes: load it when its figure comes near the window.
  const watcher = new IntersectionObserver((entries) => entries.filter((e) => e.isIntersecting).forEach((entry) => {
    watcher.unobserve(entry.target);
    build(entry.target);
  }), { rootMargin: "400px" });
  document.querySelectorAll("figure.thlab-live").forEach((figure) => watcher.observe(figure));
})();
