// Reads .npy files of numpy: one array of numbers, H x W, H x W x C or C x H x W, in rows or columns first.
#include "image/decoders.hpp"

#include <cctype>
#include <cstring>
#include <string>
#include <vector>

namespace {

using moco::bad_file;
using moco::Sample;
using moco::SampleType;
using u8 = std::uint8_t;

// The header: the text of a Python dictionary, {'descr': '<u2', 'fortran_order': False, 'shape': (64, 64, 5), }.
struct Header {
    SampleType type;
    bool columns_first;
    std::vector<std::int64_t> shape;
    std::size_t start; // of the numbers
};

std::string shape_text(const std::vector<std::int64_t> &shape)
{
    std::string text = "shape";
    for (std::size_t i = 0; i < shape.size(); ++i) {
        text += (i == 0 ? " " : " x ") + std::to_string(shape[i]);
    }
    return text;
}

// Returns what follows a key, up to the end of the header; "" if the key is missing.
std::string after(const std::string &text, const char *key)
{
    const std::size_t at = text.find(std::string("'") + key + "':");
    if (at == std::string::npos) {
        return "";
    }
    const std::size_t value = text.find_first_not_of(' ', at + std::strlen(key) + 3);
    return value == std::string::npos ? "" : text.substr(value);
}

SampleType read_type(const std::string &text, const char *name)
{
    static constexpr struct {
        const char *name;
        Sample kind;
    } types[] = { { "u1", Sample::u8 },  { "i1", Sample::i8 },  { "u2", Sample::u16 },
                  { "i2", Sample::i16 }, { "u4", Sample::u32 }, { "i4", Sample::i32 },
                  { "f2", Sample::f16 }, { "f4", Sample::f32 }, { "f8", Sample::f64 } };
    const std::string descr = after(text, "descr");
    const bool quoted = descr.size() >= 5 && descr[0] == '\'' && descr[4] == '\'';
    for (const auto &type : types) {
        if (quoted && descr.compare(2, 2, type.name) == 0 && std::strchr("<>|=", descr[1]) != nullptr) {
            return { type.kind, static_cast<std::size_t>(type.name[1] - '0'), descr[1] == '>' };
        }
    }
    bad_file(name, "has elements of the type " + descr.substr(0, descr.find(',')) +
                       "; save numbers of the types u1, u2, f2, f4 or f8 (also i1, i2, i4 and u4)");
}

std::vector<std::int64_t> read_shape(const std::string &text, const char *name)
{
    std::vector<std::int64_t> shape;
    const std::string list = after(text, "shape");
    std::size_t at = list.empty() || list[0] != '(' ? list.size() : 1;
    while (at < list.size() && list[at] != ')') {
        std::int64_t size = 0;
        std::size_t digits = 0;
        for (; at < list.size() && std::isdigit(static_cast<unsigned char>(list[at])) != 0 && digits < 10; ++at) {
            size = 10 * size + (list[at] - '0');
            ++digits;
        }
        if (digits > 0) {
            shape.push_back(size);
        }
        at = list.find_first_not_of(", ", at);
        if (digits == 0 || at == std::string::npos) {
            bad_file(name, "damaged .npy file: its shape cannot be read");
        }
    }
    if (shape.size() != 2 && shape.size() != 3) {
        bad_file(name, "has the " + shape_text(shape) + "; an image is H x W, H x W x C or C x H x W");
    }
    return shape;
}

Header read_header(const u8 *bytes, std::size_t count, const char *name)
{
    const std::size_t lengths = count > 6 && bytes[6] > 1 ? 4 : 2; // bytes of the length, by the version
    std::size_t length = 0;
    for (std::size_t i = 0; i < lengths && 8 + i < count; ++i) {
        length |= std::size_t{ bytes[8 + i] } << 8 * i;
    }
    const std::size_t start = 8 + lengths;
    if (count < start || length > count - start) {
        bad_file(name, "the .npy file is truncated");
    }
    const std::string text(reinterpret_cast<const char *>(bytes) + start, length);
    return { read_type(text, name), after(text, "fortran_order").compare(0, 4, "True") == 0, read_shape(text, name),
             start + length };
}

// Returns the axis of the channels: the last one if its size is the number that is wanted, or else the first one; then
// in the same order an axis that can be converted, as fit_bands() does. 2: an H x W array, which has none.
std::size_t channel_axis(const std::vector<std::int64_t> &shape, std::int32_t wanted, const char *name)
{
    const auto convertible = [wanted](std::int64_t size) {
        return (wanted == 3 && (size == 1 || size == 4)) || (wanted == 1 && size == 3);
    };
    for (const std::size_t axis : { 2, 0 }) {
        if (shape[axis] == wanted) {
            return axis;
        }
    }
    for (const std::size_t axis : { 2, 0 }) {
        if (convertible(shape[axis])) {
            return axis;
        }
    }
    const std::int64_t found = std::min(shape[0], shape[2]);
    if (found < 1 || found > MOCO_MAX_CHANNELS) {
        bad_file(name, "has the " + shape_text(shape) +
                           ", in which neither the first nor the last axis is one of 1 to " +
                           std::to_string(MOCO_MAX_CHANNELS) + " bands");
    }
    moco::refuse_band_count(static_cast<std::int32_t>(found), wanted, name, shape_text(shape).c_str());
}

} // namespace

bool moco::is_npy(const std::uint8_t *bytes, std::size_t count)
{
    return count >= 6 && std::memcmp(bytes, "\x93NUMPY", 6) == 0;
}

void moco::decode_npy(Bands &out, std::int32_t wanted, const std::uint8_t *bytes, std::size_t count, const char *name)
{
    const Header header = read_header(bytes, count, name);
    const auto &shape = header.shape;
    const std::size_t axis = shape.size() == 2 ? 2 : channel_axis(shape, wanted, name);
    const std::size_t row = axis == 0 ? 1 : 0; // the axis of rows; that of columns follows
    const std::int64_t bands = shape.size() == 2 ? 1 : shape[axis];
    out.resize(shape[row + 1], shape[row], bands, name);
    out.depth = depth_of(header.type.kind);
    if (out.size() > (count - header.start) / header.type.bytes) {
        bad_file(name, "the .npy file is truncated: its " + shape_text(shape) + " needs " +
                           std::to_string(out.size() * header.type.bytes) + " bytes, and it has " +
                           std::to_string(count - header.start));
    }
    std::size_t strides[3] = {};
    std::size_t stride = header.type.bytes;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const std::size_t at = header.columns_first ? i : shape.size() - 1 - i;
        strides[at] = stride;
        stride *= static_cast<std::size_t>(shape[at]);
    }
    for (std::size_t c = 0; c < static_cast<std::size_t>(bands); ++c) {
        for (std::size_t y = 0; y < static_cast<std::size_t>(out.height); ++y) {
            const u8 *from = bytes + header.start + y * strides[row] + (bands > 1 ? c * strides[axis] : 0);
            to_floats(out.plane(c) + y * static_cast<std::size_t>(out.width), from, static_cast<std::size_t>(out.width),
                      strides[row + 1], header.type);
        }
    }
}
