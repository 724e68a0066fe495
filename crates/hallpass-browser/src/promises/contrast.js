// What is too faint on this page by WCAG 2.2: text (1.4.3), the edges of fields and what shows the focus (1.4.11). The
// check of a checkbox is drawn by the browser, which both leave out.
const TEXT = 4.5;
const LARGE_TEXT = 3;
const EDGE = 3;

const FIELDS = "input:not([type=checkbox])";
const FOCUSABLE = "a[href], button, input";

const rgba = (color) => {
  const parts = color.match(/^rgba?\(([^)]+)\)$/);
  if (!parts) {
    throw new Error(`not a plain colour: ${color}`);
  }
  const [red, green, blue, alpha = 1] = parts[1].split(",").map(Number);
  return { channels: [red, green, blue], alpha };
};

const over = ({ channels, alpha }, below) =>
  channels.map((channel, index) => channel * alpha + below[index] * (1 - alpha));

const background = (element) => {
  const style = getComputedStyle(element);
  if (style.backgroundImage !== "none" || style.opacity !== "1") {
    throw new Error(`not one colour: ${name(element)}`);
  }
  const color = rgba(style.backgroundColor);
  return color.alpha === 1 ? color.channels : over(color, background(element.parentElement));
};

const linear = (channel) => {
  const share = channel / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
};

const luminance = (channels) => {
  const [red, green, blue] = channels.map(linear);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};

const contrast = (color, below) => {
  const [dark, light] = [over(rgba(color), below), below].map(luminance).sort((one, other) => one - other);
  return (light + 0.05) / (dark + 0.05);
};

const name = (element) => {
  const id = element.id && `#${element.id}`;
  const classes = [...element.classList].map((one) => `.${one}`).join("");
  const text = element.textContent.trim().slice(0, 30);
  return `${element.localName}${id}${classes}${text && ` "${text}"`}`;
};

const faint = [];
const judge = (what, element, color, below, least) => {
  const found = contrast(color, below);
  if (found < least) {
    faint.push(`${what} of ${name(element)}: ${found.toFixed(2)}, and not ${least}`);
  }
};

const judgeText = (element) => {
  const { color, fontSize, fontWeight } = getComputedStyle(element);
  const isLarge = parseFloat(fontSize) >= (fontWeight >= 700 ? 18.66 : 24);
  judge("text", element, color, background(element), isLarge ? LARGE_TEXT : TEXT);
};

const judgeEdge = (element) => {
  const { borderTopColor } = getComputedStyle(element);
  judge("inner edge", element, borderTopColor, background(element), EDGE);
  judge("outer edge", element, borderTopColor, background(element.parentElement), EDGE);
};

const judgeFocus = (element) => {
  element.focus({ focusVisible: true });
  const { outlineColor, outlineStyle, outlineWidth } = getComputedStyle(element);
  if (outlineStyle === "none" || parseFloat(outlineWidth) < 2) {
    faint.push(`no outline of ${name(element)}`);
  }
  judge("outline", element, outlineColor, background(element.parentElement), EDGE);
  element.blur();
};

const hasText = (element) =>
  [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());

for (const element of document.body.querySelectorAll("*")) {
  if (!element.checkVisibility({ visibilityProperty: true })) {
    continue;
  }
  const isField = element.matches(FIELDS);
  if (isField || hasText(element)) {
    judgeText(element);
  }
  if (isField) {
    judgeEdge(element);
  }
  if (element.matches(FOCUSABLE)) {
    judgeFocus(element);
  }
}
return faint;
