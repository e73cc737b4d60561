/* Says what a file of another kind than expected is, by its first bytes. */
#include "base/descriptor_internal.h"
#include "base/file_nature_internal.h"

#include "base/files_internal.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>

/* What begins with some bytes, from an offset. */
typedef struct nature {
    size_t at, length;
    const char *bytes, *text;
} nature;

static const nature natures[] = {
    { 0, 38, "version https://git-lfs.github.com/spe", "a git-lfs pointer, not the file itself; run git lfs pull" },
    { 0, 2, "\x1F\x8B", "a gzip file; unpack it by gunzip" },
    { 0, 6,
      "\xFD"
      "7zXZ\0",
      "an xz file; unpack it by unxz" },
    { 0, 3, "BZh", "a bzip2 file; unpack it by bunzip2" },
    { 0, 4, "\x28\xB5\x2F\xFD", "a zstd file; unpack it by unzstd" },
    { 0, 4, "\x04\x22\x4D\x18", "an lz4 file; unpack it by unlz4" },
    { 0, 5, "LZIP\1", "an lzip file; unpack it by lzip -d" },
    { 0, 2, "\x1F\x9D", "a file of compress; unpack it by gunzip" },
    { 0, 4, "\x5D\0\0\x80", "an lzma file; unpack it by unlzma" },
    { 0, 6, "7z\xBC\xAF\x27\x1C", "a 7z archive; unpack it" },
    { 0, 4, "Rar!", "a RAR archive; unpack it" },
    { 0, 4, "PK\3\4", "a zip archive; unpack it" },
    { 257, 5, "ustar", "a tar archive" },
    { 0, 6, "GIF87a", "a GIF image; save it as PNG" },
    { 0, 6, "GIF89a", "a GIF image; save it as PNG" },
    { 0, 3, "\xFF\xD8\xFF", "a JPEG image" },
    { 0, 8, "\x89PNG\r\n\x1A\n", "a PNG image" },
    { 8, 4, "WEBP", "a WebP image" },
    { 0, 4, "II*\0", "a TIFF image" },
    { 0, 4, "MM\0*", "a TIFF image" },
    { 4, 8, "ftypheic", "a HEIC image; save it as PNG or JPEG" },
    { 4, 8, "ftypheix", "a HEIC image; save it as PNG or JPEG" },
    { 4, 8, "ftypmif1", "a HEIF image; save it as PNG or JPEG" },
    { 4, 8, "ftypavif", "an AVIF image; save it as PNG or JPEG" },
    { 4, 8, "ftypisom", "a video; save its frames as images" },
    { 4, 8, "ftypmp42", "a video; save its frames as images" },
    { 0, 4, "\x1A\x45\xDF\xA3", "a video; save its frames as images" },
    { 0, 12, "\0\0\0\x0CjP  \r\n\x87\n", "a JPEG 2000 image; save it as PNG" },
    { 0, 4, "\xFF\x4F\xFF\x51", "a JPEG 2000 image; save it as PNG" },
    { 0, 12, "\0\0\0\x0CJXL \r\n\x87\n", "a JPEG XL image; save it as PNG" },
    { 0, 2, "\xFF\x0A", "a JPEG XL image; save it as PNG" },
    { 0, 4, "8BPS", "a Photoshop image; save it as PNG" },
    { 0, 4, "\x76\x2F\x31\x01", "an OpenEXR image; save it as PNG" },
    { 0, 4, "\0\0\1\0", "an icon (ICO); save it as PNG" },
    { 0, 4, "DDS ", "a DDS texture; save it as PNG" },
    { 128, 4, "DICM", "a DICOM image; save it as PNG" },
    { 0, 9, "SIMPLE  =", "a FITS image; save it as PNG or TIFF" },
    { 0, 6, "\x93NUMPY", "a NumPy array; save the images as PNG" },
    { 0, 8, "\x89HDF\r\n\x1A\n", "an HDF5 file (Keras and MATLAB write such); save its content in another format" },
    { 0, 6, "MATLAB", "a MATLAB file; save its content in another format" },
    { 0, 4, "PAR1", "a Parquet file; write its images to files" },
    { 0, 5, "ARROW", "an Arrow file; write its images to files" },
    { 0, 4, "\xFF\xFF\xFF\xFF", "an Arrow stream; write its images to files" },
    { 0, 4, "GGUF", "a GGUF model, which holds no ResNet" },
    { 4, 4, "TFL3", "a TensorFlow Lite model; convert it to PyTorch" },
    { 4, 7, "pytorch", "an ONNX model; save the weights by torch.save(model.state_dict(), ...)" },
    { 8, 8, "AVI LIST", "a video; save its frames as images" },
    { 0, 5, "%PDF-", "a PDF document" },
    { 0, 4,
      "\x7F"
      "ELF",
      "a program" },
    { 0, 2, "#!", "a script" },
};

static bool all_zero(const unsigned char *bytes, size_t size)
{
    size_t i = 0;
    while (i < size && bytes[i] == 0) {
        ++i;
    }
    return i == size;
}

/* Returns whether the bytes are text, which has no control characters. */
static bool is_text(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; ++i) {
        if ((bytes[i] < ' ' && bytes[i] != '\n' && bytes[i] != '\r' && bytes[i] != '\t') || bytes[i] == 0x7F) {
            return false;
        }
    }
    return true;
}

/* Returns whether a text has a word near its start, in either case. */
static bool has(const unsigned char *bytes, size_t size, const char *word)
{
    const size_t length = strlen(word);
    for (size_t i = 0; i + length <= size && i < 64; ++i) {
        if (strncasecmp((const char *)bytes + i, word, length) == 0) {
            return true;
        }
    }
    return false;
}

static const char *nature_of_text(const unsigned char *bytes, size_t size)
{
    size_t start = size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (start < size && isspace(bytes[start])) {
        ++start;
    }
    const unsigned char *text = bytes + start;
    const size_t left = size - start;
    if (left > 0 && text[0] == '<' && (has(text, left, "<!doctype html") || has(text, left, "<html"))) {
        return "an HTML page, which a server sent in place of the file; download it again, and check the link";
    }
    if (left > 0 && text[0] == '<') {
        return has(text, left, "<svg") ? "an SVG drawing; save it as PNG"
                                       : "an XML text, perhaps the error message of a server; download it again";
    }
    if (left > 0 && (text[0] == '{' || text[0] == '[')) {
        return "a JSON text";
    }
    return "a text";
}

const char *moco__file_nature(const void *bytes, size_t size)
{
    const unsigned char *begin = bytes;
    const size_t looked = size < MOCO__NATURE_BYTES ? size : MOCO__NATURE_BYTES;
    if (size == 0) {
        return "an empty file, which a broken copy or download leaves";
    }
    for (size_t i = 0; i < sizeof natures / sizeof natures[0]; ++i) {
        const nature *n = &natures[i];
        if (n->at + n->length <= size && memcmp(begin + n->at, n->bytes, n->length) == 0) {
            return n->text;
        }
    }
    if (all_zero(begin, looked)) {
        return "a file of zeros, which a broken copy or download leaves";
    }
    return is_text(begin, looked) ? nature_of_text(begin, looked) : NULL;
}

const char *moco__path_nature(const char *path)
{
    unsigned char bytes[MOCO__NATURE_BYTES];
    size_t got = 0;
    const int descriptor = moco__open(path, O_RDONLY | O_NONBLOCK);
    if (descriptor < 0) {
        return NULL;
    }
    const int error = moco__read_at(&got, bytes, descriptor, sizeof bytes, 0);
    (void)moco__close(descriptor);
    return error == 0 ? moco__file_nature(bytes, got) : NULL;
}
