/* ipywidgets still typesets its labels with MathJax 2's Hub.Queue; without it sliders stop half built.
   Deferred, so it runs after MathJax 3 and before widgets are drawn. */
(function () {
  "use strict";
  const mathjax = window.MathJax;
  if (!mathjax || mathjax.Hub) return;
  let last = (mathjax.startup && mathjax.startup.promise) || Promise.resolve();
  const typeset = ([command, , element]) => {
    if (command === "Typeset" && mathjax.typesetPromise)
      last = last.then(() => mathjax.typesetPromise([element])).catch(() => {});
  };
  mathjax.Hub = { Queue: (...calls) => calls.filter(Array.isArray).forEach(typeset) };
})();
