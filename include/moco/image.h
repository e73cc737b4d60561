/**
 * @file image.h
 * Decodes images and changes them. Those of 8-bit RGB have the pixels that Pillow and torchvision give.
 *
 * Images of other channels are bands: planes of floats. Unsigned samples of 8 bits are divided by 255 and those of 16
 * bits by 65535; floats and other integers are as in the file. Operations on bands compute in floats, and cut values to
 * 0 to 1 if they came from unsigned samples. Three bands are R, G and B.
 *
 * A ::moco_image keeps its buffers when it is overwritten, so a thread that reuses its images soon allocates nothing.
 * An image belongs to one thread at a time. Each operation names the function that it equals: of Pillow 13, or of
 * torchvision 0.26 on Pillow images.
 *
 * Operations return ::MOCO_EINVALID for an empty image, a size or box that does not fit, or a number out of range, and
 * ::MOCO_EFORMAT if the file of an image that was read lazily turns out to be damaged.
 */
#ifndef MOCO_IMAGE_H
#define MOCO_IMAGE_H

#include "tensor.h"

MOCO_BEGIN_DECLS

/** An image: 8-bit RGB, or bands. @since 0.1 */
typedef struct moco_image moco_image;

/** Mean and standard deviation of each channel of images, for values from 0 to 1. @since 0.2 */
typedef struct moco_statistics {
    double mean[MOCO_MAX_CHANNELS]; /**< of the first channels; the rest is unused */
    double std[MOCO_MAX_CHANNELS];  /**< above 0 */
} moco_statistics;

/** A part of an image, in pixels from its upper left corner. @since 0.2 */
typedef struct moco_box {
    int32_t top, left, height, width; /**< rows above, columns to the left, and size */
} moco_box;

/** Makes an empty image of 0 x 0 pixels. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_create(moco_image **out);

/** Frees an image; NULL is allowed. @since 0.1 */
MOCO_API void moco_image_free(moco_image *image);

/** Makes an image empty again, and keeps its memory. @since 0.2 */
MOCO_API void moco_image_clear(moco_image *image);

/** Width in pixels. @since 0.1 */
MOCO_API int32_t moco_image_width(const moco_image *image);
/** Height in pixels. @since 0.1 */
MOCO_API int32_t moco_image_height(const moco_image *image);
/**
 * Pixels, height x width x 3, interleaved, rows without padding.
 * @return borrowed until the image is next written to; NULL if it is empty or its file is damaged, or has bands
 * @since 0.1
 */
MOCO_API const uint8_t *moco_image_pixels(const moco_image *image);

/**
 * Decodes a JPEG, PNG, WebP, BMP or TIFF file in memory to RGB, with the pixels of `Image.open(f).convert("RGB")` in
 * Pillow. Grey, palette, alpha, CMYK and 16-bit files can be read. EXIF orientation is ignored, as in torchvision.
 * @param image receives the picture
 * @param bytes the file; borrowed during the call, or copied by an image that is lazy
 * @param count of bytes
 * @param name the file's name in error messages
 * @return ::MOCO_EFORMAT if the file is damaged, truncated or unsupported
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_decode(moco_image *image, const void *bytes, size_t count,
                                                     const char *name);

/**
 * Reads and decodes a file. Messages begin with its path.
 * @return ::MOCO_ENOTFOUND if it does not exist, ::MOCO_EIO if it cannot be read, ::MOCO_EFORMAT as above
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_read(moco_image *image, const char *path);

/**
 * Makes moco_image_read() and moco_image_decode() read only the header of a JPEG file. The pixels are decoded when an
 * operation needs them, and that operation reports damage, with the file's name. Nothing else changes.
 * @since 0.1
 */
MOCO_API void moco_image_set_lazy(moco_image *image, bool lazy);

/**
 * Decodes at least a box of an image that was read lazily; does nothing for any other image. Call it once with a box
 * that holds all that moco_image_resized_crop() and moco_image_crop() will read: the file is then decoded once, and
 * only in part. The pixels of the box are those of the complete picture.
 * @param image of any kind
 * @param box what will be read, within the image
 * @param reduction 1, or, for an image that computes fast, the least factor by which each crop will be made smaller: a
 * JPEG file may then be decoded at 1/2, 1/4 or 1/8 of its size
 * @return ::MOCO_EFORMAT if the file is damaged, ::MOCO_EINVALID if the box is not within the image
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_load(const moco_image *image, moco_box box, int32_t reduction);

/**
 * Makes operations on an image fast instead of exact. Set it for both images of a resized crop.
 *
 * The picture stays in luma and chroma, as in JPEG files, with chroma at half the resolution if the file has it so.
 * Resizing, and a blur of sigma up to 3.7 pixels, use 8-bit weights. Brightness, contrast, saturation, hue and grey
 * become one linear map, in which hue turns chroma and keeps luma. Values are cut to their range once, at the end. All
 * other operations are exact, on a picture that was rounded to RGB. Results are bit-identical on every processor.
 * @since 0.1
 */
MOCO_API void moco_image_set_fast(moco_image *image, bool fast);

/**
 * Sets how many channels the image will have when it is next read, decoded or set. 3, the default, gives 8-bit RGB, but
 * bands for files that Pillow does not read as RGB: .npy, and TIFF of floats. Any other number gives bands.
 *
 * A file must have as many bands. But one band becomes three equal ones, three (R, G, B) become grey as in Pillow, and
 * a fourth, or one that is declared as alpha, is left out if the others are asked for. In .npy files, H x W, H x W x C
 * or C x H x W, the axis of the channels is the last if its size is the number that is asked for, or else the first. A
 * TIFF file with several pages of one sample has a band in each.
 * @param image NULL is allowed
 * @param channels 1 to ::MOCO_MAX_CHANNELS; nothing changes for others
 * @since 0.2
 */
MOCO_API void moco_image_set_channels(moco_image *image, int32_t channels);

/** Channels of the picture: 3 for 8-bit RGB, the number of bands, or 0 if it is empty. @since 0.2 */
MOCO_API int32_t moco_image_channels(const moco_image *image);

/**
 * Bands, channels x height x width values.
 * @return borrowed until the image is next written to; NULL if it is empty or 8-bit RGB
 * @since 0.2
 */
MOCO_API const float *moco_image_bands(const moco_image *image);

/**
 * Sets size and bands from channels x height x width finite values, whatever moco_image_set_channels() asked for.
 * @return ::MOCO_EINVALID for a size below 1 or too large, other channels than 1 to ::MOCO_MAX_CHANNELS, or a value
 * that is not finite
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_set_bands(moco_image *image, int32_t width, int32_t height,
                                                        int32_t channels, const float *values);

/** Layout of pixels in memory; of one byte per value. @since 0.2 */
typedef enum moco_frame_format {
    MOCO_FRAME_GREY,  /**< one byte */
    MOCO_FRAME_RGB,   /**< three bytes */
    MOCO_FRAME_BGR,   /**< three bytes, as OpenCV has them */
    MOCO_FRAME_RGBA,  /**< alpha is left out */
    MOCO_FRAME_BGRA,  /**< alpha is left out */
    MOCO_FRAME_NV12,  /**< height rows of luma, then height / 2 rows of U and V in turn; width and height are even */
    MOCO_FRAME_YUYV,  /**< Y U Y V for two pixels; width is even */
    MOCO_FRAME_PLANAR /**< height rows of R, then of G, then of B, as in CIFAR files */
} moco_frame_format;

/**
 * Sets size and pixels from memory, such as a frame of a camera. Grey is replicated. NV12 and YUYV are read as BT.601
 * of limited range, as OpenCV does.
 * @param image receives the picture
 * @param format of the pixels
 * @param width in pixels
 * @param height in pixels
 * @param stride bytes from a row to the next; 0: rows follow each other without a gap
 * @param pixels rows of the picture, from the top; copied
 * @return ::MOCO_EINVALID for a format that is none, a size that the format cannot have, or a stride that is too small;
 * ::MOCO_EFORMAT if the channels cannot become those of moco_image_set_channels()
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_set(moco_image *image, moco_frame_format format, int32_t width,
                                                  int32_t height, size_t stride, const uint8_t *pixels);

/**
 * Writes a PNG file under a temporary name, then renames it.
 * @return ::MOCO_EIO if the file cannot be written
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_write_png(const moco_image *image, const char *path);

/**
 * Encodes an image as a JPEG file: baseline, chroma at half the resolution. The bytes are those that Pillow's
 * `Image.save(quality=quality, optimize=True)` writes with libjpeg-turbo.
 * @param[out] bytes borrowed until this thread encodes again
 * @param[out] count number of bytes
 * @param image the picture
 * @param quality 1 to 100
 * @return ::MOCO_EINVALID if the image is empty or @p quality is out of range
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_encode_jpeg(const uint8_t **bytes, size_t *count, const moco_image *image,
                                                          int32_t quality);

/** @name Geometry (from @p source into @p image; the two must differ)
 * @{ */

/** F.resized_crop, antialiased bilinear, from a box within the source to out_height x out_width. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_resized_crop(moco_image *image, const moco_image *source, moco_box box,
                                                           int32_t out_height, int32_t out_width);

/** F.crop of a box within the source. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_crop(moco_image *image, const moco_image *source, moco_box box);

/** Mirrors left and right, in place. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_hflip(moco_image *image);

/** @}
 * @name Colour (in place)
 * @{ */

/** What moco_image_adjust() changes. @since 0.2 */
typedef enum moco_adjustment {
    MOCO_BRIGHTNESS, /**< F.adjust_brightness */
    MOCO_CONTRAST,   /**< F.adjust_contrast; of each band for itself if they are not three */
    MOCO_SATURATION, /**< F.adjust_saturation; nothing for bands that are not three */
    MOCO_HUE         /**< F.adjust_hue; nothing for bands that are not three */
} moco_adjustment;

/**
 * Adjusts the colours.
 * @param image is changed
 * @param what to adjust
 * @param factor finite; from -0.5 to 0.5 for ::MOCO_HUE
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_adjust(moco_image *image, moco_adjustment what, double factor);
/** F.rgb_to_grayscale with three equal channels; the mean of the bands in all of them if they are not three. @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_grayscale(moco_image *image);
/** ImageFilter.GaussianBlur(radius=sigma) of Pillow, which is three extended box blurs; of bands a true Gaussian.
 * @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_gaussian_blur(moco_image *image, double sigma);

/** @}
 * @name Output
 * @{ */

/**
 * ToTensor and Normalize: values[c] = (byte / 255 - mean[c]) / std[c], or (value - mean[c]) / std[c] for bands.
 * @param[out] values C x H x W (::MOCO_NCHW) or H x W x C (::MOCO_NHWC) values of C channels
 * @param dtype ::MOCO_FLOAT32, or ::MOCO_BFLOAT16: rounded to nearest, ties to even
 * @param image the picture
 * @param mean of each of the channels, for values from 0 to 1
 * @param std of each of the channels, above 0
 * @param layout memory order of @p values
 * @since 0.1
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_store(void *values, moco_dtype dtype, const moco_image *image,
                                                    const double *mean, const double *std, moco_layout layout);

/**
 * Makes an uninitialised batch on the host: @p count x @p channels x @p height x @p width values of ::MOCO_FLOAT32 or
 * ::MOCO_BFLOAT16. The memory is pinned if @p device is CUDA.
 * @param[out] out the result
 * @param[out] values the elements, borrowed, as long-lived as the tensor; image n starts at element n x channels x
 * height x width
 * @param scope owns the result; NULL: the caller does
 * @param dtype ::MOCO_FLOAT32 or ::MOCO_BFLOAT16
 * @param count number of images
 * @param channels 1 to ::MOCO_MAX_CHANNELS
 * @param height in pixels
 * @param width in pixels
 * @param layout memory order
 * @param device where the batch will go
 * @return ::MOCO_EINVALID for another type or a size that is too large; ::MOCO_EUNAVAILABLE if there is no such device
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_batch_create(moco_tensor **out, void **values, moco_scope *scope,
                                                           moco_dtype dtype, int64_t count, int32_t channels,
                                                           int32_t height, int32_t width, moco_layout layout,
                                                           moco_device device);

/** @}
 * @name Composing (colours are 0xRRGGBB)
 * @{ */

/** Sets the size and fills an image of 8-bit RGB with a colour. @since 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_fill(moco_image *image, int32_t width, int32_t height, uint32_t colour);

/**
 * Makes an 8-bit RGB picture of any image, for people: the first band as grey if there are one or two, else the first
 * three as R, G and B. Bands of 8 bits are shown as they are. Others are stretched, each from its lowest to its highest
 * hundredth.
 * @param image the result
 * @param source is not changed
 * @param tones an image whose bands are stretched in the same way, so that both can be compared; NULL: @p source
 * @since 0.2
 */
MOCO_API MOCO_MUST_USE moco_status moco_image_show(moco_image *image, const moco_image *source,
                                                   const moco_image *tones);

/** Copies @p source to (x, y), each pixel @p zoom x @p zoom times; cuts what is outside. Both are of one kind. @since
 * 0.1 */
MOCO_API MOCO_MUST_USE moco_status moco_image_paste(moco_image *image, const moco_image *source, int32_t x, int32_t y,
                                                    int32_t zoom);

/** @} */

MOCO_END_DECLS

#endif
