// How many letters may still be typed, under a field that has a maxlength. Without JavaScript the field's label says it.
for (const told of document.querySelectorAll("[data-left]")) {
  const field = document.getElementById(told.dataset.for);
  // letters as the server counts them, and no half of one; shown when a fifth is left, so that nobody is told each key
  const tell = () => {
    const left = field.maxLength - [...field.value].length;
    told.textContent = left <= field.maxLength / 5 ? told.dataset.left.replace("{left}", left) : "";
  };
  field.addEventListener("input", tell);
  tell();
}
