/* Compares pixels with the PNG files that operations of Pillow and torchvision gave. */
#ifndef MOCO_TESTS_GOLDEN_PIXELS_H
#define MOCO_TESTS_GOLDEN_PIXELS_H

/* Runs every row of an index.json, prints the rows that differ and a summary; returns how many rows failed. */
int golden_pixels(const char *index_path);

#endif
