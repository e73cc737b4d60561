"""Makes the small images of tests/unit/image/test_bands.cpp. Band b has at row y, column x the value
9000 b + 70 x y + 50 x x + 3, in 10 rows of 12 columns.

    pip install numpy pillow tifffile
    python make_bands.py bands
"""
import os
import sys

import numpy as np
import tifffile
from PIL import Image

HEIGHT, WIDTH, BANDS = 10, 12, 5


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    path = lambda name: os.path.join(folder, name)
    b, y, x = np.meshgrid(np.arange(BANDS), np.arange(HEIGHT), np.arange(WIDTH), indexing="ij")
    words = (9000 * b + 70 * x * y + 50 * x * x + 3).astype("u2")  # bands first
    last = words.transpose(1, 2, 0)
    grey = {"photometric": "minisblack"}
    tifffile.imwrite(path("contig.tif"), last, planarconfig="contig", compression="zlib", **grey)
    tifffile.imwrite(path("planar.tif"), words, planarconfig="separate", **grey)
    tifffile.imwrite(path("big_endian.tif"), last, planarconfig="contig", byteorder=">", **grey)
    tifffile.imwrite(path("tiles.tif"), words, planarconfig="separate", tile=(16, 16), **grey)
    tifffile.imwrite(path("reals.tif"), last.astype("f4") - 20000, planarconfig="contig", **grey)
    tifffile.imwrite(path("halves.tif"), (last / 65535).astype("f2"), planarconfig="contig", **grey)
    tifffile.imwrite(path("signed.tif"), (last.astype("i4") - 20000).astype("i2"), planarconfig="contig", **grey)
    tifffile.imwrite(path("colours.tif"), words[:3].astype("f4").transpose(1, 2, 0), photometric="rgb")
    with tifffile.TiffWriter(path("pages.tif")) as pages:
        for band in words:
            pages.write(band, **grey)
        pages.write(words[0, ::2, ::2], subfiletype=1, **grey)  # a reduced copy, which is no band
    Image.fromarray(words[1]).save(path("grey16.png"))
    Image.fromarray((words[1] >> 8).astype("u1")).save(path("grey8.png"))
    Image.fromarray((last[..., :3] >> 8).astype("u1")).save(path("rgb8.png"))
    Image.fromarray((last[..., :4] >> 8).astype("u1"), "RGBA").save(path("rgba8.png"))
    Image.fromarray((last[..., 1:3] >> 8).astype("u1"), "LA").save(path("la8.png"))
    np.save(path("last_u2.npy"), last)
    np.save(path("first_u2.npy"), words)
    np.save(path("big_endian_u2.npy"), words.astype(">u2"))
    np.save(path("columns_f8.npy"), np.asfortranarray(last.astype("f8")))
    np.save(path("first_f4.npy"), words.astype("f4"))
    np.save(path("half_f2.npy"), (words / 65535).astype("f2"))
    np.save(path("grey_u1.npy"), (words[1] >> 8).astype("u1"))
    np.save(path("nan_f4.npy"), np.full((4, 4), np.nan, "f4"))
    np.save(path("complex.npy"), np.zeros((4, 4), "c8"))


if __name__ == "__main__":
    main()
