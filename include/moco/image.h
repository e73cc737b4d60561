/**
 * @file image.h
 * 8-bit RGB images: decoding, and PIL's and torchvision's operations with their exact pixels.
 *
 * A ::moco_image keeps its buffers when it is overwritten, so a worker that reuses its images allocates nothing once
 * warm. An image belongs to one thread at a time. Operations name their source in the reference: Pillow 13 and
 * torchvision 0.26 with PIL images.
 */
#ifndef MOCO_IMAGE_H
#define MOCO_IMAGE_H

#include "tensor.h"

MOCO_BEGIN_DECLS

/** An 8-bit RGB image, interleaved, rows without padding. @since 0.1 */
typedef struct moco_image moco_image;

/** Makes an empty image (0 x 0). @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_create(moco_image **out);

/** Frees an image; NULL is allowed. @since 0.1 */
MOCO_API void moco_image_free(moco_image *image);

/** Width in pixels. @since 0.1 */
MOCO_API int32_t moco_image_width(const moco_image *image);
/** Height in pixels. @since 0.1 */
MOCO_API int32_t moco_image_height(const moco_image *image);
/** Pixels, height x width x 3; borrowed until the image is written to next. @since 0.1 */
MOCO_API const uint8_t *moco_image_pixels(const moco_image *image);

/**
 * Decodes a JPEG, PNG, WebP, BMP or TIFF file in memory to RGB, as PIL's `Image.open(f).convert("RGB")`: grey,
 * palette, alpha, CMYK and 16-bit files included. EXIF orientation is ignored, as torchvision ignores it.
 * @param name what error messages call the file
 * @return ::MOCO_EFORMAT for a damaged, truncated or unsupported file
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_decode(moco_image *image, const void *bytes, size_t count,
                                                     const char *name);

/** Reads and decodes a file. @return ::MOCO_EIO or ::MOCO_EFORMAT, naming the file @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_read(moco_image *image, const char *path);

/**
 * Lets moco_image_read() and moco_image_decode() of a JPEG file read its header alone; size and all else of the image
 * are as ever, and the pixels are decoded when an operation needs them. Damage is then reported by that operation, with
 * the file's name; moco_image_pixels() gives NULL.
 * @since 0.1
 */
MOCO_API void moco_image_set_lazy(moco_image *image, bool lazy);

/**
 * Decodes at least a box of an image that was read lazily; of any other image it is there already. One call for all the
 * boxes that moco_image_resized_crop() and moco_image_crop() will take saves them from decoding, and saves all that
 * lies around. The pixels are those of the whole picture.
 * @return ::MOCO_EFORMAT for a damaged file, ::MOCO_EINVALID for a box that does not lie within the image
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_load(const moco_image *image, int32_t top, int32_t left, int32_t height,
                                                   int32_t width);

/**
 * As moco_image_load() for an image that computes fast, of which each box will become at least @p reduction times
 * smaller: a JPEG file may then be decoded at 1/2, 1/4 or 1/8 of its size. Any other image is loaded in full.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_load_reduced(const moco_image *image, int32_t top, int32_t left,
                                                           int32_t height, int32_t width, int32_t reduction);

/**
 * Lets operations on an image compute fast in place of exactly. Set it for source and result of a resized crop.
 *
 * The picture is kept in luma and chroma, as JPEG files hold it, chroma at half the resolution where the file has it
 * so. Resizing and a blur of sigma up to 3.7 pixels weigh by 8-bit numbers; brightness, contrast, saturation, hue and
 * grey become one linear map, hue a turn of chroma at constant luma; and values are cut to their range once, at the
 * end. All other operations are exact on a picture that was rounded to RGB. Results are the same bits on any processor.
 * @since 0.1
 */
MOCO_API void moco_image_set_fast(moco_image *image, bool fast);

/** Sets size and pixels from height x width x channels bytes; one channel (grey) is replicated. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_set(moco_image *image, int32_t width, int32_t height, int32_t channels,
                                                  const uint8_t *pixels);

/** As moco_image_set() from three planes of height x width bytes (CIFAR's order). @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_set_planar(moco_image *image, int32_t width, int32_t height,
                                                         const uint8_t *planes);

/** Writes a PNG file, by a temporary name and rename. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_write_png(const moco_image *image, const char *path);

/**
 * Encodes as a JPEG file, with the bytes of PIL's `Image.save(quality=quality, optimize=True)` over libjpeg-turbo:
 * baseline, chroma at half the resolution.
 * @param[out] bytes borrowed until this thread encodes next
 * @param quality 1 to 100
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_encode_jpeg(const uint8_t **bytes, size_t *count, const moco_image *image,
                                                          int32_t quality);

/** @name Geometry (from @p source into @p image; the two must differ)
 * @{ */

/** F.resized_crop, antialiased bilinear, from the box (top, left, height, width) to out_height x out_width. @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_resized_crop(moco_image *image, const moco_image *source, int32_t top,
                                                           int32_t left, int32_t height, int32_t width,
                                                           int32_t out_height, int32_t out_width);

/** F.crop of a box that lies within the source. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_crop(moco_image *image, const moco_image *source, int32_t top,
                                                   int32_t left, int32_t height, int32_t width);

/** Mirrors left and right, in place. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_hflip(moco_image *image);

/** @}
 * @name Colour (in place)
 * @{ */

/** F.adjust_brightness. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_brightness(moco_image *image, double factor);
/** F.adjust_contrast. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_contrast(moco_image *image, double factor);
/** F.adjust_saturation. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_saturation(moco_image *image, double factor);
/** F.adjust_hue, factor in [-0.5, 0.5]. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_hue(moco_image *image, double factor);
/** F.rgb_to_grayscale with three equal channels. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_grayscale(moco_image *image);
/** PIL's ImageFilter.GaussianBlur(radius=sigma): three extended box blurs. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_gaussian_blur(moco_image *image, double sigma);

/** @}
 * @name Output
 * @{ */

/**
 * ToTensor and Normalize: values[c] = (byte / 255 - mean[c]) / std[c], to 3 x H x W (::MOCO_NCHW) or H x W x 3
 * (::MOCO_NHWC) floats.
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_normalize(float *values, const moco_image *image, const double mean[3],
                                                        const double std[3], moco_layout layout);

/** As moco_image_normalize() to values of a type, ::MOCO_FLOAT32 or ::MOCO_BFLOAT16 (rounded to the nearest, halves to
 * even). @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_store(void *values, moco_dtype dtype, const moco_image *image,
                                                    const double mean[3], const double std[3], moco_layout layout);

/**
 * Makes an uninitialised batch on the host: @p count x 3 x @p height x @p width values of a type (::MOCO_FLOAT32 or
 * ::MOCO_BFLOAT16), in a memory order, in pinned memory where @p device is CUDA.
 * @param[out] values the elements; image n starts at element n x 3 x height x width; borrowed, lives as long as the
 * tensor
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_batch_create(moco_tensor **out, void **values, moco_scope *scope,
                                                           moco_dtype dtype, int64_t count, int32_t height,
                                                           int32_t width, moco_layout layout, moco_device device);

/** @}
 * @name Composing (colours are 0xRRGGBB)
 * @{ */

/** Sets the size and fills with a colour. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_fill(moco_image *image, int32_t width, int32_t height, uint32_t colour);

/** Copies @p source to (x, y), each pixel @p zoom x @p zoom times; what lies outside is cut. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_paste(moco_image *image, const moco_image *source, int32_t x, int32_t y,
                                                    int32_t zoom);

/** @} */

MOCO_END_DECLS

#endif
