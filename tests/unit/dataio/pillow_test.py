"""Packs the CUB and COCO samples and compares every stored pixel with Pillow and the published transforms.
Usage: pillow_test.py BIN_DIR   (exit 77: the samples or the test packages are absent)"""
import pathlib
import sys
import tempfile

try:
    import h5py
    import numpy as np
    from PIL import Image
except ImportError as missing:
    print(f"skipped: {missing} (scripts/requirements-test.txt)")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from checks import check, run  # noqa: E402

DATA = ROOT.parent / "shared/data"
SIDE = 76  # every sample is larger: a true down-scaling


def pack(bin_dir, source, out):
    run(bin_dir / "helio-pack", f"--source={source}", f"--root={DATA / source}", f"--out={out}", "--codec=raw", f"--side={SIDE}",
        "--on_missing=skip", "--workers=1")


def strings(group):
    offset = group["offset"][:]
    text = group["bytes"][:].tobytes()
    return [text[a:b].decode() for a, b in zip(offset[:-1], offset[1:])]


def stored(folder):
    """(id, box, pixels) of every record of a packed folder."""
    for path in sorted(folder.glob("*.h5")):
        with h5py.File(path) as shard:
            ids, sizes, boxes = strings(shard["ids"]), shard["images/size"][:].reshape(-1, 2), shard["boxes"][:].reshape(-1, 4)
            offset, data = shard["images/offset"][:], shard["images/bytes"]
            for i, name in enumerate(ids):
                width, height = map(int, sizes[i])
                yield name, boxes[i], data[offset[i]:offset[i + 1]].reshape(height, width, 3)


def published_crop(picture, box):
    """The papers' crop to the bounding box: half a side of 0.75 times the longer box side around its centre, clipped."""
    x, y, width, height = (int(v) for v in box)
    reach = int(max(width, height) * 0.75)
    centre_x, centre_y = (2 * x + width) // 2, (2 * y + height) // 2
    return picture.crop((max(0, centre_x - reach), max(0, centre_y - reach),
                         min(picture.width, centre_x + reach), min(picture.height, centre_y + reach)))


def published_scale(picture):
    """torchvision's Resize(int): the shorter side becomes SIDE, the other follows, truncated; bilinear with antialiasing."""
    width, height = picture.size
    size = (SIDE, int(SIDE * height / width)) if width <= height else (int(SIDE * width / height), SIDE)
    return picture.resize(size, Image.BILINEAR)


def largest_difference(a, b):
    same_shape = a.shape == b.shape
    return int(np.abs(a.astype(int) - b.astype(int)).max()) if same_shape else 256


def compare(source, folder, image_of):
    worst, records, cropped = 0, 0, 0
    for name, box, pixels in stored(folder):
        picture = Image.open(image_of(name)).convert("RGB")
        if box[2] > 0:
            picture, cropped = published_crop(picture, box), cropped + 1
        worst = max(worst, largest_difference(pixels, np.asarray(published_scale(picture))))
        records += 1
    check(records > 0, f"{source}: {records} records packed, {cropped} of them cropped to their box")
    check(worst <= 3, f"{source}: scaled pixels differ by at most {worst} of 255 (3 allowed)")


def compare_unscaled_crops(bin_dir, folder, out):
    """Pictures whose box crop already has the shorter side: stored as they are, so only decoding and cropping differ."""
    worst, records = 0, 0
    for name, box, _ in stored(folder):
        source = DATA / "cub/CUB_200_2011/images" / (name + ".jpg")
        expected = published_crop(Image.open(source).convert("RGB"), box)
        one = out / "one" / str(records)
        one.mkdir(parents=True)
        (one / "a.jpg").symlink_to(source)
        (one / "captions.jsonl").write_text(
            '{"image": "a.jpg", "captions": ["x"], "split": "train", "box": %s}' % [float(v) for v in box])
        side = min(expected.size)
        run(bin_dir / "helio-pack", "--source=folder", f"--root={one}", f"--out={one}/packed", "--codec=raw", f"--side={side}", "--workers=1")
        (_, _, pixels), = stored(one / "packed")
        worst = max(worst, largest_difference(pixels, np.asarray(expected)))
        records += 1
        if records == 10:
            break
    check(records > 0 and worst <= 1, f"cub: {records} unscaled crops differ by at most {worst} of 255 (1 allowed)")


def main():
    bin_dir = pathlib.Path(sys.argv[1])
    if not (DATA / "cub/CUB_200_2011").is_dir() or not (DATA / "coco/annotations").is_dir():
        print("skipped: no", DATA)
        sys.exit(77)
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch)
        pack(bin_dir, "cub", out / "cub")
        pack(bin_dir, "coco", out / "coco")
        compare("cub", out / "cub", lambda name: DATA / "cub/CUB_200_2011/images" / (name + ".jpg"))
        compare("coco", out / "coco", lambda name: DATA / "coco/val2017" / (name + ".jpg"))
        compare_unscaled_crops(bin_dir, out / "cub", out)


if __name__ == "__main__":
    main()
