// Makes tar archives byte by byte, sound and unsound ones.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <string>

namespace moco_test {

struct TarMember {
    std::string name;
    std::string content;
    char type = '0';
    std::string size_field; // 12 bytes; empty: the content's size in octal
    std::string prefix;
};

inline std::string tar_header(const TarMember &member)
{
    std::string header(512, '\0');
    const auto put = [&](size_t at, const std::string &text) { header.replace(at, text.size(), text); };
    char number[16];
    put(0, member.name.substr(0, 100));
    put(100, "0000644");
    (void)snprintf(number, sizeof number, "%011zo", member.content.size());
    put(124, member.size_field.empty() ? number : member.size_field);
    put(136, "00000000000");
    header[156] = member.type;
    put(257, std::string("ustar\00000", 8));
    put(345, member.prefix);
    put(148, "        ");
    unsigned sum = 0;
    for (const char byte : header) {
        sum += static_cast<unsigned char>(byte);
    }
    (void)snprintf(number, sizeof number, "%06o", sum);
    put(148, std::string(number, 7));
    return header;
}

inline std::string tar_member(const TarMember &member)
{
    return tar_header(member) + member.content + std::string((512 - member.content.size() % 512) % 512, '\0');
}

inline std::string tar_member(const std::string &name, const std::string &content)
{
    return tar_member(TarMember{ name, content, '0', "", "" });
}

inline std::string tar_end()
{
    return std::string(1024, '\0');
}

// "LENGTH KEY=VALUE\n"
inline std::string pax_record(const std::string &key, const std::string &value)
{
    const size_t rest = key.size() + value.size() + 3;
    size_t length = rest + 1;
    while (std::to_string(length).size() + rest != length) {
        ++length;
    }
    return std::to_string(length) + " " + key + "=" + value + "\n";
}

// Compresses as the ending of the path says: .zst, .lzma, .tlz, .lz, .Z, or else .gz.
inline void write_packed(const std::string &path, const std::string &bytes)
{
    archive *out = archive_write_new();
    archive_entry *entry = archive_entry_new();
    const std::string ending = path.substr(path.rfind('.'));
    const char *filter = ending == ".zst"                        ? "zstd"
                         : ending == ".lzma" || ending == ".tlz" ? "lzma"
                         : ending == ".lz"                       ? "lzip"
                         : ending == ".Z"                        ? "compress"
                                                                 : "gzip";
    ASSERT_EQ(archive_write_set_format_raw(out), ARCHIVE_OK);
    ASSERT_EQ(archive_write_add_filter_by_name(out, filter), ARCHIVE_OK);
    ASSERT_EQ(archive_write_open_filename(out, path.c_str()), ARCHIVE_OK);
    archive_entry_set_filetype(entry, AE_IFREG);
    ASSERT_EQ(archive_write_header(out, entry), ARCHIVE_OK);
    ASSERT_EQ(archive_write_data(out, bytes.data(), bytes.size()), static_cast<la_ssize_t>(bytes.size()));
    ASSERT_EQ(archive_write_close(out), ARCHIVE_OK);
    archive_entry_free(entry);
    archive_write_free(out);
}

} // namespace moco_test
