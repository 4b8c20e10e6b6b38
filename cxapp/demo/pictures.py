"""Renders ``drawings.toml`` to the PNG files in ``static/cxapp/demo``: ``python -m cxapp.demo.pictures``.

For whoever changes a drawing: the files are part of the repository. Indexed PNG, because mail programs show no SVG.
"""

import base64
import shutil
import struct
import sys
import tomllib
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cxapp.config import BASE_DIR
from cxapp.demo.products import COLOURWAYS

FOLDER = BASE_DIR / "static/cxapp/demo"
SIZE, COLOURS = 320, 64
# Ground, main, dark, light, accent: moss, rust, petrol, mustard.
PALETTES = (
    ("#edf1e5", "#6f9460", "#3c5638", "#c8d8b5", "#d98a45"),
    ("#f8ece3", "#c96c43", "#7a3a23", "#f1cdb0", "#42777d"),
    ("#e5eef0", "#43808b", "#23464d", "#b4d2d6", "#e2a63c"),
    ("#f7f1df", "#d8a534", "#6f5220", "#f3dea3", "#94465d"),
)
_DRAW = """async svg => {
    const image = new Image();
    image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(svg);
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    // Base64 in pieces: a list of numbers would take Playwright seconds, one call has too many arguments.
    const bytes = context.getImageData(0, 0, image.width, image.height).data;
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return btoa(text);
}"""


def render() -> Iterator[tuple[str, bytes]]:
    """(name, PNG) of every drawing in every colourway."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # a development dependency; nobody else needs it

    drawings = tomllib.loads(Path(__file__).with_name("drawings.toml").read_text(encoding="utf-8"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        for name, drawing in drawings.items():
            for number, palette in enumerate(PALETTES[:COLOURWAYS], start=1):
                pixels = np.frombuffer(base64.b64decode(page.evaluate(_DRAW, as_svg(drawing, palette))), np.uint8)
                yield f"{name}-{number}", as_png(pixels.reshape(SIZE, SIZE, 4)[:, :, :3])
        browser.close()


def as_svg(drawing: str, palette: tuple[str, ...]) -> str:
    """The drawing on its ground, in the colours of the palette."""
    ground, *inks = palette
    colours = dict(zip("mklxw", [*inks, "#ffffff"], strict=True))
    style = "".join(
        f".{ink}{{fill:{colour}}}.s{ink}{{fill:none;stroke:{colour};stroke-linecap:round;stroke-linejoin:round}}"
        for ink, colour in colours.items()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" width="{SIZE}" height="{SIZE}">'
        f'<style>{style}</style><rect width="200" height="200" fill="{ground}"/>{drawing}</svg>'
    )


def as_png(pixels: NDArray[np.uint8]) -> bytes:
    """(height, width, 3) as an indexed PNG of the most frequent colours; the others become the nearest of them."""
    height, width, _ = pixels.shape
    flat = pixels.reshape(-1, 3).astype(np.int64)
    colours, rows, counts = np.unique(flat, axis=0, return_inverse=True, return_counts=True)
    palette = colours[np.argsort(-counts, kind="stable")[:COLOURS]]
    nearest = ((colours[:, None] - palette[None]) ** 2).sum(axis=2).argmin(axis=1)
    indices = nearest[rows.reshape(-1)].astype(np.uint8).reshape(height, width)
    lines = np.hstack([np.zeros((height, 1), np.uint8), indices])
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", palette.astype(np.uint8).tobytes()))
    body = (*chunks, (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in body)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    total = 0
    for name, png in render():
        total += (FOLDER / f"{name}.png").write_bytes(png)
    sys.stdout.write(f"{FOLDER}: {total / 1024:.0f} KiB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
