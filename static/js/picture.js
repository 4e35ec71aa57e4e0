/**
 * Offers a chart as PNG: its picture, which the server drew as SVG, painted at twice its size.
 * The button is shown, for it needs this script.
 *
 * @example
 * <button type="button" data-picture="/charts/summits.svg" data-picture-name="summits.png"
 *         data-picture-failed="not drawn, take the SVG" hidden>PNG</button>
 */
(() => {
  const SCALE = 2;

  const drawn = async (address) => {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth * SCALE;
    canvas.height = image.naturalHeight * SCALE;
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((done, failed) =>
      canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("no picture"))), "image/png"),
    );
  };

  const save = (blob, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    // Not at once: the browser reads it after the click.
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };

  const show = (part) => {
    for (const button of part.querySelectorAll?.("[data-picture]") ?? []) button.hidden = false;
  };
  document.addEventListener("DOMContentLoaded", () => show(document));
  document.addEventListener("htmx:load", (event) => show(event.target));
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-picture]");
    if (!button) return;
    button.disabled = true;
    try {
      save(await drawn(button.dataset.picture), button.dataset.pictureName);
    } catch {
      button.append(` (${button.dataset.pictureFailed})`);
    }
    button.disabled = false;
  });
})();
