"""Small image files of every kind, and what PIL and torchvision make of them and of odd sizes.

    python make_images.py [--out tests/golden/images]

Writes the files; files.txt with a line for each: name, width, height and CRC-32 of the RGB bytes that
`Image.open(f).convert("RGB")` gives, or "refused"; and operations.txt with the CRC-32 of operations on formula images:
width height operation arguments crc.
"""
import argparse
import io
import os
import struct
import zlib

import numpy as np
import PIL
import torchvision
from PIL import Image, ImageFilter
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F

WIDTH, HEIGHT = 37, 29


def formula(width, height):
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([((x * 7 + y * 13 + c * 29) ^ (x * y)) & 255 for c in range(3)], -1).astype(np.uint8)


def smooth(width=WIDTH, height=HEIGHT):
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 6 % 256, y * 8 % 256, (x + y) * 3 % 256], -1).astype(np.uint8)


def saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, bits, colour, rng, palette=b"", interlaced=False, extra=b""):
    """A PNG file with random samples that goes through all five row filters."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    raw = b""
    for x, y, dx, dy in passes:
        columns, rows = -(-(width - x) // dx), -(-(height - y) // dy)
        if columns > 0 and rows > 0:
            for row in range(rows):
                raw += bytes([row % 5]) + rng.bytes((columns * bits * channels + 7) // 8)
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, int(interlaced))
    body = chunk(b"IHDR", header) + extra + (chunk(b"PLTE", palette) if palette else b"")
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def tiff(width, height, bits, samples, photometric, data, big=False, tags=()):
    """An uncompressed TIFF file of one strip; `tags` are (tag, list of shorts)."""
    order = ">" if big else "<"
    entries = [(256, 4, [width]), (257, 4, [height]), (258, 3, [bits] * samples), (259, 3, [1])]
    entries += [(262, 3, [photometric]), (273, 4, [8]), (277, 3, [samples]), (278, 4, [height]), (279, 4, [len(data)])]
    entries = sorted(entries + [(tag, 3, list(values)) for tag, values in tags])
    data += b"\0" * (len(data) % 2)
    directory, outside = b"", b""
    start = 8 + len(data)
    for tag, kind, values in entries:
        packed = b"".join(struct.pack(order + ("H" if kind == 3 else "I"), value) for value in values)
        directory += struct.pack(order + "HHI", tag, kind, len(values))
        if len(packed) <= 4:
            directory += packed.ljust(4, b"\0")
        else:
            directory += struct.pack(order + "I", start + 2 + 12 * len(entries) + 4 + len(outside))
            outside += packed
    head = (b"MM\0*" if big else b"II*\0") + struct.pack(order + "I", start)
    return head + data + struct.pack(order + "H", len(entries)) + directory + b"\0" * 4 + outside


def bmp(width, height, bits, data, palette=b"", masks=b"", top_down=False):
    offset = 54 + len(masks) + len(palette)
    head = b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset)
    height = -height if top_down else height
    return head + struct.pack("<IiiHHIIIIII", 40, width, height, 1, bits, 3 if masks else 0, len(data), 0, 0, 0,
                              0) + masks + palette + data


def resampled(data, old, new, size):
    """Gives a JPEG file other sampling factors with as many blocks to a unit, and the size that goes with them."""
    at = data.index(b"\xff\xc0")
    frame = bytearray(data)
    assert frame[at + 11] == old
    frame[at + 11] = new
    frame[at + 5:at + 9] = struct.pack(">HH", size[1], size[0])
    return bytes(frame)


def jpegs(files):
    rgb = Image.fromarray(smooth())
    files["quality30_420.jpg"] = saved(rgb, "JPEG", quality=30, subsampling=2)
    files["422.jpg"] = saved(rgb, "JPEG", subsampling=1)
    files["444.jpg"] = saved(rgb, "JPEG", subsampling=0)
    files["411.jpg"] = resampled(saved(Image.fromarray(smooth(64, 64)), "JPEG", subsampling=2), 0x22, 0x41, (121, 29))
    files["440.jpg"] = resampled(saved(Image.fromarray(smooth(64, 64)), "JPEG", subsampling=1), 0x21, 0x12, (30, 121))
    files["progressive.jpg"] = saved(rgb, "JPEG", progressive=True)
    files["restart.jpg"] = saved(rgb, "JPEG", restart_marker_blocks=2)
    files["grey.jpg"] = saved(rgb.convert("L"), "JPEG")
    files["rgb_inside.jpg"] = saved(rgb, "JPEG", keep_rgb=True)
    cmyk = saved(rgb.convert("CMYK"), "JPEG")
    files["cmyk.jpg"] = cmyk
    at = cmyk.index(b"Adobe") + 11
    files["ycck.jpg"] = cmyk[:at] + b"\x02" + cmyk[at + 1:]
    exif = Image.Exif()
    exif[0x0112] = 6
    files["exif_turned.jpg"] = saved(rgb, "JPEG", exif=exif)
    for width, height in ((1, 1), (1, 9), (9, 1), (17, 16)):
        files[f"size_{width}x{height}.jpg"] = saved(Image.fromarray(smooth(width, height)), "JPEG", subsampling=2)
    whole = files["quality30_420.jpg"]
    files["junk_at_end.jpg"] = whole + b"junk" * 9
    files["truncated.jpg"] = whole[:-60]
    files["truncated_header.jpg"] = whole[:200]
    files["truncated_progressive.jpg"] = files["progressive.jpg"][:-40]
    files["wrong_table.jpg"] = whole.replace(b"\xff\xc4\x00\x1f\x00", b"\xff\xc4\x00\x1f\x77", 1)


def pngs(files, rng):
    rgb = Image.fromarray(smooth())
    palette = rng.bytes(768)
    for colour, depths in ((0, (1, 2, 4, 8, 16)), (2, (8, 16)), (3, (1, 2, 4, 8)), (4, (8, 16)), (6, (8, 16))):
        for bits in depths:
            table = palette[:3 << bits] if colour == 3 else b""
            files[f"type{colour}_{bits}.png"] = png(19, 13, bits, colour, rng, table)
            files[f"type{colour}_{bits}_interlaced.png"] = png(5, 11, bits, colour, rng, table, True)
    files["one_pixel.png"] = png(1, 1, 8, 2, rng, interlaced=True)
    files["transparent_colour.png"] = saved(rgb, "PNG", transparency=(0, 0, 0))
    files["transparent_palette.png"] = saved(rgb.quantize(16), "PNG", transparency=3)
    files["bad_profile.png"] = png(9, 9, 8, 0, rng, extra=chunk(b"iCCP", b"bad\0\0xx"))
    whole = saved(rgb, "PNG")
    files["truncated.png"] = whole[:-40]
    files["truncated_header.png"] = whole[:20]
    files["wrong_data.png"] = whole.replace(b"IDAT", b"IDAT\xff\xff", 1)
    files["too_large.png"] = whole[:16] + struct.pack(">II", 100000, 100000) + whole[24:]


def others(files, rng):
    rgb = Image.fromarray(smooth())
    alpha = Image.fromarray(smooth()[..., 2] * np.uint8(5))
    rgba = Image.merge("RGBA", (*rgb.split(), alpha))
    files["lossy.webp"] = saved(rgb, "WEBP", quality=70)
    files["lossless.webp"] = saved(rgb, "WEBP", lossless=True)
    files["alpha_lossy.webp"] = saved(rgba, "WEBP", quality=70)
    files["alpha_lossless.webp"] = saved(rgba, "WEBP", lossless=True, exact=True)
    files["truncated.webp"] = files["lossy.webp"][:-30]
    files["truncated_header.webp"] = files["lossless.webp"][:20]
    for mode in ("RGB", "L", "P", "1", "RGBA"):
        image = rgba if mode == "RGBA" else rgb.quantize(16) if mode == "P" else rgb.convert(mode)
        files[f"mode_{mode}.bmp"] = saved(image, "BMP")
    row = (11 * 16 + 31) // 32 * 4
    files["555.bmp"] = bmp(11, 7, 16, rng.bytes(row * 7))
    files["565_top_down.bmp"] = bmp(11, 7, 16, rng.bytes(row * 7), masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F),
                                    top_down=True)
    files["4bit.bmp"] = bmp(11, 7, 4, rng.bytes(8 * 7), palette=rng.bytes(64))
    files["truncated.bmp"] = files["mode_RGB.bmp"][:-50]
    files["truncated_header.bmp"] = files["mode_RGB.bmp"][:30]


def tiffs(files, rng):
    rgb = Image.fromarray(smooth())
    alpha = Image.fromarray(smooth()[..., 2] * np.uint8(5))
    rgba = Image.merge("RGBA", (*rgb.split(), alpha))
    for name, image in (("rgb", rgb), ("grey", rgb.convert("L")), ("palette", rgb.quantize(16)), ("alpha", rgba),
                        ("bilevel", rgb.convert("1")), ("cmyk", rgb.convert("CMYK"))):
        files[f"{name}.tif"] = saved(image, "TIFF")
    for name, compression, options in (("lzw", "tiff_lzw", {}), ("deflate", "tiff_adobe_deflate", {}),
                                       ("packbits", "packbits", {}), ("predictor", "tiff_lzw", {317: 2}),
                                       ("strips", "tiff_lzw", {278: 5}), ("turned", "tiff_lzw", {274: 6}),
                                       ("upside_down", "tiff_lzw", {274: 3})):
        files[f"{name}.tif"] = saved(rgb, "TIFF", compression=compression, tiffinfo=options)
    area = 11 * 7
    files["grey16.tif"] = tiff(11, 7, 16, 1, 1, bytes(rng.integers(0, 2, area * 2, dtype=np.uint8) * 77))
    files["grey16_big.tif"] = tiff(11, 7, 16, 1, 1, bytes(rng.integers(0, 2, area * 2, dtype=np.uint8) * 77), True)
    files["rgb16_big.tif"] = tiff(11, 7, 16, 3, 2, rng.bytes(area * 6), True)
    files["alpha16.tif"] = tiff(11, 7, 16, 4, 2, rng.bytes(area * 8), tags=[(338, [2])])
    files["premultiplied.tif"] = tiff(11, 7, 8, 4, 2, rng.bytes(area * 4), tags=[(338, [1])])
    files["white_is_zero4.tif"] = tiff(11, 7, 4, 1, 0, rng.bytes(6 * 7))
    files["palette2.tif"] = tiff(11, 7, 2, 1, 3, rng.bytes(3 * 7),
                                 tags=[(320, rng.integers(0, 65536, 12).tolist())])
    files["truncated.tif"] = files["lzw.tif"][:len(files["lzw.tif"]) // 2]
    files["truncated_header.tif"] = files["rgb.tif"][:6]
    deflate = files["deflate.tif"]
    files["wrong_data.tif"] = deflate[:30] + bytes(255 - byte for byte in deflate[30:60]) + deflate[60:]


def tiff64(width, height, samples, data, big):
    """A BigTIFF file of 8 bits without compression."""
    order = ">" if big else "<"

    def entry(tag, kind, count, value):
        code = {3: "H", 16: "Q"}[kind]
        packed = struct.pack(f"{order}{count}{code}", *([value] * count))
        return struct.pack(f"{order}HHQ", tag, kind, count) + packed.ljust(8, b"\0")

    entries = [entry(256, 3, 1, width), entry(257, 3, 1, height), entry(258, 3, samples, 8), entry(259, 3, 1, 1),
               entry(262, 3, 1, 2 if samples == 3 else 1), entry(273, 16, 1, 16 + 8 + 20 * 9 + 8),
               entry(277, 3, 1, samples), entry(278, 3, 1, height), entry(279, 16, 1, len(data))]
    head = (b"MM" if big else b"II") + struct.pack(f"{order}HHHQ", 43, 8, 0, 16)
    return head + struct.pack(f"{order}Q", len(entries)) + b"".join(entries) + struct.pack(f"{order}Q", 0) + data


def more_tiffs(files, rng, twins):
    """Also gives twins: files with the same pixels as those that libtiff reads and Pillow does not."""
    area, reverse = 11 * 7, [(266, [2])]
    files["big_little.tif"] = tiff64(11, 7, 3, rng.bytes(area * 3), False)
    data = rng.bytes(area)
    files["big_big.tif"] = tiff64(11, 7, 1, data, True)
    twins["big_big.tif"] = tiff(11, 7, 8, 1, 1, data)
    files["big_truncated.tif"] = files["big_little.tif"][:200]
    for bits, samples, photometric in ((1, 1, 0), (1, 1, 1), (2, 1, 1), (4, 1, 0), (8, 1, 0), (8, 1, 1), (8, 3, 2),
                                       (16, 1, 1)):
        data = rng.bytes(-(-11 * bits * samples // 8) * 7)
        files[f"reversed_{bits}_{samples}_{photometric}.tif"] = tiff(11, 7, bits, samples, photometric, data,
                                                                     tags=reverse)
        if (bits, photometric) == (8, 0):
            twins["reversed_8_1_0.tif"] = tiff(11, 7, 8, 1, 0, reversed_bits(data))
    files["signed8.tif"] = tiff(11, 7, 8, 1, 1, rng.bytes(area), tags=[(339, [2])])
    files["signed16.tif"] = tiff(11, 7, 16, 1, 1, rng.integers(-300, 600, area, dtype=np.int16).tobytes(),
                                 tags=[(339, [2])])
    numbers = rng.integers(-300, 600, area)
    files["unsigned32.tif"] = tiff(11, 7, 32, 1, 1, numbers.astype("<i4").tobytes())
    files["signed32_big.tif"] = tiff(11, 7, 32, 1, 1, numbers.astype(">i4").tobytes(), True, tags=[(339, [2])])
    files["float32.tif"] = tiff(11, 7, 32, 1, 1, (numbers / 3).astype("<f4").tobytes(), tags=[(339, [3])])
    files["float32_white.tif"] = tiff(11, 7, 32, 1, 0, (numbers / 3).astype(">f4").tobytes(), True, tags=[(339, [3])])
    files["extra2.tif"] = tiff(11, 7, 8, 5, 2, rng.bytes(area * 5), tags=[(338, [0, 0])])
    files["alpha_extra2.tif"] = tiff(11, 7, 8, 6, 2, rng.bytes(area * 6), tags=[(338, [2, 0, 0])])
    files["cmyk_extra.tif"] = tiff(11, 7, 8, 5, 5, rng.bytes(area * 5), tags=[(338, [0])])
    rgb, bilevel = Image.fromarray(smooth()), Image.fromarray(smooth()).convert("1")
    files["fax3.tif"] = saved(bilevel, "TIFF", compression="group3")
    files["fax4.tif"] = saved(bilevel, "TIFF", compression="group4")
    files["lzma.tif"] = saved(rgb, "TIFF", compression="lzma")
    files["zstd.tif"] = saved(rgb, "TIFF", compression="zstd")
    files["jpeg_rgb.tif"] = saved(rgb, "TIFF", compression="jpeg", quality=90)
    files["jpeg_grey.tif"] = saved(rgb.convert("L"), "TIFF", compression="jpeg", quality=90)
    files["lab.tif"] = tiff(11, 7, 8, 3, 8, rng.bytes(area * 3))


def netpbm(files, rng):
    grey, rgb, bits = rng.bytes(77), rng.bytes(231), rng.bytes(14)
    wide = rng.integers(0, 600, 231, dtype=np.uint16).astype(">u2").tobytes()
    files["binary.pbm"] = b"P4\n11 7\n" + bits
    files["binary.pgm"] = b"P5\n11 7\n255\n" + grey
    files["binary.ppm"] = b"P6 # a comment\n11\n# another\r7 255 " + rgb
    files["low.pgm"] = b"P5 11 7 100\n" + bytes(byte % 101 for byte in grey)
    files["beyond.ppm"] = b"P6 11 7 200\n" + rgb
    files["wide.pgm"] = b"P5 11 7 65535\n" + wide[:154]
    files["wide_1000.pgm"] = b"P5 11 7 1000\n" + wide[:154]
    files["wide.ppm"] = b"P6 11 7 1000\n" + wide
    files["plain.pbm"] = b"P1\n11 7\n" + b"".join(b"%d" % (byte & 1) + (b"" if byte & 2 else b" ") for byte in grey)
    files["plain.pgm"] = b"P2\n11 7\n99\n" + b"\n".join(b"%d" % (byte % 100) for byte in grey)
    files["plain_wide.pgm"] = b"P2\n11 7\n3000\n" + b" ".join(b"%d" % (byte * 3) for byte in grey)
    files["plain.ppm"] = b"P3\n11 7\n255\n# c\n" + b"\t ".join(b"%d" % byte for byte in rgb) + b"\n# end"
    files["comment.pgm"] = b"P2 2 1 255 1#c\n2 7"
    files["any.pnm"] = files["binary.ppm"]
    files["truncated.pgm"] = files["binary.pgm"][:-1]
    files["truncated_plain.ppm"] = b"P3 2 2 9 1 2 3 4 5 6 7 8 9"
    files["truncated_header.ppm"] = b"P6 11"
    files["above.pgm"] = b"P2 2 1 9 1 10"
    files["zero.pgm"] = b"P5 2 1 0 ab"
    files["letters.pgm"] = b"P2 2 1 9 1 x"
    files["empty_size.ppm"] = b"P6 0 1 255 "


def reversed_bits(data):
    return bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)


def decoded(file):
    try:
        image = Image.open(file).convert("RGB")
    except Exception:  # PIL raises many kinds
        return "refused"
    return f"{image.width} {image.height} {zlib.crc32(image.tobytes())}"


def operations():
    sizes = [(1, 1), (1, 9), (9, 1), (2, 2), (31, 17), (3000, 2), (2, 3000), (64, 48)]
    for width, height in sizes:
        image = Image.fromarray(formula(width, height))

        def line(name, arguments, result, width=width, height=height):
            return f"{width} {height} {name} {' '.join(map(str, arguments))} {zlib.crc32(result.tobytes())}"

        for out_height, out_width in ((1, 1), (5, 3), (32, 32), (height, 7), (7, width), (height, width)):
            box = (0, 0, height, width, out_height, out_width)
            yield line("resized_crop", box, F.resized_crop(image, *box[:4], list(box[4:]), InterpolationMode.BILINEAR))
        box = (height // 3, width // 3, max(1, height // 2), max(1, width // 2))
        yield line("resized_crop", (*box, 28, 28), F.resized_crop(image, *box, [28, 28], InterpolationMode.BILINEAR))
        yield line("crop", box, F.crop(image, *box))
        for factor in (0.0, 0.37, 1.0, 1.61, 3.5):
            yield line("brightness", [factor], F.adjust_brightness(image, factor))
            yield line("contrast", [factor], F.adjust_contrast(image, factor))
            yield line("saturation", [factor], F.adjust_saturation(image, factor))
        for factor in (-0.5, -0.123, 0.0, 0.004, 0.31, 0.5):
            yield line("hue", [factor], F.adjust_hue(image, factor))
        for sigma in (0.0, 0.1, 0.73, 2.0, 17.0):
            yield line("gaussian_blur", [sigma], image.filter(ImageFilter.GaussianBlur(radius=sigma)))
        yield line("grayscale", [], F.rgb_to_grayscale(image, 3))
        yield line("hflip", [], F.hflip(image))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", default=os.path.join(here, "images"))
    out = parser.parse_args().out
    os.makedirs(out, exist_ok=True)
    rng = np.random.default_rng(1)
    files = {"empty.jpg": b"", "text.txt": b"This is no image.\n", "magic_only.png": b"\x89PNG\r\n\x1a\n",
             "animation.gif": saved(Image.fromarray(smooth()), "GIF")}
    jpegs(files)
    pngs(files, rng)
    others(files, rng)
    tiffs(files, rng)
    twins = {}
    more_tiffs(files, rng, twins)
    netpbm(files, rng)
    versions = f"# Pillow {PIL.__version__}, torchvision {torchvision.__version__.split('+')[0]}\n"
    with open(os.path.join(out, "files.txt"), "w", encoding="ascii") as table:
        table.write(versions)
        for name, data in files.items():
            with open(os.path.join(out, name), "wb") as file:
                file.write(data)
            # A format that the library does not read is refused whatever PIL does.
            result = "refused" if name in ("animation.gif", "lab.tif") else decoded(io.BytesIO(twins.get(name, data)))
            table.write(f"{name} {result}\n")
    with open(os.path.join(out, "operations.txt"), "w", encoding="ascii") as table:
        table.write(versions)
        for line in operations():
            table.write(line + "\n")


if __name__ == "__main__":
    main()
