// Text of a page that nobody can read whole: cut off by its box, beyond the screen's edge, or outside of its picture.
() => {
  const found = [];
  const isSeen = (each) => each.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && !each.closest(".unseen, .skip");
  const say = (each, why) => found.push(`${why}: ${each.tagName.toLowerCase()}.${each.getAttribute("class") || ""} ${each.textContent.trim().slice(0, 60)}`);
  const wide_px = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide_px > 0) found.push(`the page is ${wide_px} px too wide`);
  for (const each of document.querySelectorAll("body *")) {
    const own = [...each.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    if (!own || each.closest("svg") || !isSeen(each)) continue;
    const { overflowX, overflowY, display } = getComputedStyle(each);
    const hides = (overflow) => display !== "inline" && ["hidden", "clip"].includes(overflow);
    const isButton = each.tagName === "BUTTON";
    if ((isButton || hides(overflowX)) && each.scrollWidth > each.clientWidth + 2) say(each, "cut off");
    if (hides(overflowY) && each.scrollHeight > each.clientHeight + 2) say(each, "cut off below");
    const { left, right } = each.getBoundingClientRect();
    if (!each.closest(".wide, .far") && (left < -1 || right > innerWidth + 1)) say(each, "beyond the edge");
  }
  for (const svg of document.querySelectorAll("svg")) {
    if (!isSeen(svg)) continue;
    const frame = svg.getBoundingClientRect();
    for (const text of svg.querySelectorAll("text")) {
      const { left, right, top, bottom, width } = text.getBoundingClientRect();
      const by_px = Math.max(frame.left - left, right - frame.right, frame.top - top, bottom - frame.bottom);
      if (width && by_px > 4) say(text, `${by_px.toFixed(0)} px out of its picture`);
    }
  }
  return found;
}
