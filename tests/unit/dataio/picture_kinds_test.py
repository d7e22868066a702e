"""Every kind of JPEG and PNG found in the wild, written by Pillow, packed raw, compared with what Pillow reads.
Usage: picture_kinds_test.py BIN_DIR   (exit 77: the test packages are absent)"""
import json
import pathlib
import sys
import tempfile

try:
    import h5py
    import numpy as np
    from PIL import Image, ImageCms, ImageOps, PngImagePlugin
except ImportError as missing:
    print(f"skipped: {missing} (scripts/requirements-test.txt)")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import check, run  # noqa: E402

WIDTH, HEIGHT = 60, 44  # HEIGHT is the packed side: stored as it is


def gradient(width=WIDTH, height=HEIGHT):
    y, x = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([4 * x % 256, 5 * y % 256, (3 * x + 2 * y) % 256], 2).astype(np.uint8))


def with_orientation(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    # Stored lying down where the orientation turns it upright again.
    return (gradient(HEIGHT, WIDTH) if orientation >= 5 else gradient()), {"exif": exif}


def tiff(order, kind):
    """An Exif block of orientation 6 alone, of byte order "big" or "little" and TIFF type `kind` (3: SHORT, 4: LONG)."""
    number = lambda value, size: value.to_bytes(size, order)  # noqa: E731
    value = number(6, 2) + bytes(2) if kind == 3 else number(6, 4)
    mark = b"MM" if order == "big" else b"II"
    return b"Exif\0\0" + mark + number(42, 2) + number(8, 4) + number(1, 2) + number(0x0112, 2) + number(kind, 2) + number(1, 4) + value + bytes(4)


# Of orientation 6 as not everybody writes it.
MENDED = {"fill.jpg": tiff("big", 3), "stray.jpg": tiff("big", 3), "long.jpg": tiff("big", 4), "longlittle.jpg": tiff("little", 4)}


def between_segments(path):
    """In front of a JPEG's Exif: fill bytes, which the format allows, or stray ones, which readers pass over."""
    data = path.read_bytes()
    at = data.index(b"\xff\xe1")
    path.write_bytes(data[:at] + {"fill.jpg": b"\xff\xff", "stray.jpg": b"abc"}[path.name] + data[at:])


def kinds():
    """Name -> (picture, how to save it)."""
    rgb = gradient()
    yield "gray.jpg", (rgb.convert("L"), {})
    yield "cmyk.jpg", (rgb.convert("CMYK"), {})
    yield "progressive.jpg", (rgb, {"progressive": True})
    yield "icc.jpg", (rgb, {"icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()})
    for number, name in enumerate(("444", "422", "420")):
        yield f"{name}.jpg", (rgb, {"subsampling": number, "quality": 90})
    for orientation in range(1, 9):
        yield f"exif{orientation}.jpg", with_orientation(orientation)
    for name, exif in MENDED.items():
        yield name, (gradient(HEIGHT, WIDTH), {"exif": exif})
    alpha = Image.fromarray(np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1)))
    transparent = rgb.copy()
    transparent.putalpha(alpha)
    yield "rgb.png", (rgb, {})
    yield "alpha.png", (transparent, {})
    yield "palette.png", (rgb.quantize(64), {})
    for orientation in (3, 6):
        picture, how = with_orientation(orientation)
        yield f"turned{orientation}.png", (picture, how)
    yield "profile.png", (rgb, {"icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()})
    linear = PngImagePlugin.PngInfo()
    linear.add(b"gAMA", (100000).to_bytes(4, "big"))
    yield "gamma.png", (rgb, {"pnginfo": linear})
    yield "gray8.png", (rgb.convert("L"), {})
    yield "gray16.png", (Image.fromarray(np.asarray(rgb.convert("L")).astype(np.uint16) * 257), {})


def as_read(path):
    """What Pillow makes of it: upright, over white, 8 bits."""
    picture = ImageOps.exif_transpose(Image.open(path))
    if picture.mode.startswith("I"):
        return Image.fromarray((np.asarray(picture) // 257).astype(np.uint8)).convert("RGB")
    if picture.mode == "RGBA":
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture.convert("RGB")


def stored(folder):
    with h5py.File(folder / "train-00000-of-00001.h5") as shard:
        offset, sizes, ids = shard["images/offset"][:], shard["images/size"][:].reshape(-1, 2), shard["ids/offset"][:]
        names = shard["ids/bytes"][:].tobytes()
        for i, (width, height) in enumerate(sizes):
            pixels = shard["images/bytes"][offset[i]:offset[i + 1]].reshape(height, width, 3)
            yield names[ids[i]:ids[i + 1]].decode(), pixels


def main():
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        lines = []
        for name, (picture, how) in kinds():
            picture.save(root / name, **how)
            if name in ("fill.jpg", "stray.jpg"):
                between_segments(root / name)
            lines.append(json.dumps({"image": name, "captions": ["a bird"], "split": "train"}))
        (root / "captions.jsonl").write_text("\n".join(lines))
        run(f"{sys.argv[1]}/helio-pack", "--source=folder", f"--root={root}", f"--out={root}/packed", "--codec=raw", f"--side={HEIGHT}")
        seen = dict(stored(root / "packed"))
        check(len(seen) == len(lines), f"{len(lines)} kinds packed: {' '.join(seen)}")
        for name, _ in kinds():
            pixels = next(p for i, p in seen.items() if i == pathlib.Path(name).stem)
            expected = np.asarray(as_read(root / name))
            check(pixels.shape == expected.shape, f"{name}: {pixels.shape}")
            worst = int(np.abs(pixels.astype(int) - expected.astype(int)).max())
            check(worst <= 1, f"{name}: differs by at most {worst} of 255")


if __name__ == "__main__":
    main()
