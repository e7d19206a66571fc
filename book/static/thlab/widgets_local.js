/* Runs between require.js and the widget bundle. */
(function () {
  "use strict";
  // Where the bundle really lies: it looks for its fonts beside itself.
  const folder = new URL("../npm/html-manager/", document.currentScript.src).href;
  const paths = { "@jupyter-widgets/html-manager/dist/libembed-amd": folder + "libembed-amd" };
  for (const part of ["base", "base7", "controls", "controls7", "output", "html-manager"])
    paths["@jupyter-widgets/" + part] = folder + part;
  window.requirejs.config({ waitSeconds: 60, paths });
  // The theme's fontawesome.js would replace the play button's icon, on which the widget then throws.
  window.FontAwesomeConfig = Object.assign({}, window.FontAwesomeConfig, { observeMutations: false });
})();
