// Decodes WebP files by libwebp: lossy, lossless, with alpha, which is dropped. Animations are refused.
#include "image/decoders.hpp"

#include <webp/decode.h>

namespace {

[[noreturn]] void fail(VP8StatusCode status, const char *name)
{
    switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY:
        throw std::bad_alloc();
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
        moco::bad_file(name, "the WebP file is truncated");
    default:
        moco::bad_file(name, "damaged or unsupported WebP file");
    }
}

} // namespace

void moco::decode_webp(Pixels &out, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    WebPDecoderConfig config;
    if (WebPInitDecoderConfig(&config) == 0) {
        throw Error(MOCO_EUNAVAILABLE, "the installed libwebp is another version than libmoco was built with");
    }
    VP8StatusCode status = WebPGetFeatures(bytes, count, &config.input);
    if (status != VP8_STATUS_OK) {
        fail(status, name);
    }
    if (config.input.has_animation != 0) {
        bad_file(name, "animated WebP files are not supported; save a frame as PNG");
    }
    WebPRGBABuffer &rows = config.output.u.RGBA;
    rows.rgba = out.resize(config.input.width, config.input.height, name);
    rows.stride = config.input.width * 3;
    rows.size = static_cast<std::size_t>(rows.stride) * static_cast<std::size_t>(config.input.height);
    config.output.colorspace = MODE_RGB;
    config.output.is_external_memory = 1;
    status = WebPDecode(bytes, count, &config);
    if (status != VP8_STATUS_OK) {
        fail(status, name);
    }
}
