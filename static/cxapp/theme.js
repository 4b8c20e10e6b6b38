// Runs before the first paint: "auto" becomes what the device prefers, and follows it when it changes.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const choice = root.dataset.themeChoice;
    root.dataset.bsTheme = choice === "auto" ? (prefersDark.matches ? "dark" : "light") : choice;
    document.dispatchEvent(new Event("cx:theme"));
  };
  prefersDark.addEventListener("change", apply);
  document.addEventListener("cx:theme-choice", (event) => {
    root.dataset.themeChoice = event.detail;
    apply();
  });
  apply();
})();
