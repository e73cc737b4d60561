// Replays a record of writes, and says what a disk may hold if the power fails.
#pragma once

#include "faults/fault_scenarios.hpp"

#include <fcntl.h>

#include <cstring>
#include <memory>

namespace faults {

// The order of shim_kind in shim/shim.h.
enum class Kind : uint32_t { other, open, create, read, write, sync, close, rename, link, unlink, mkdir, truncate };

struct Record {
    Kind kind = Kind::other;
    uint32_t flags = 0;
    int32_t descriptor = 0;
    uint64_t offset = 0;
    std::string path, other, data;
};

inline std::vector<Record> read_records(const fs::path &file)
{
    struct Head {
        uint32_t kind, flags;
        int32_t descriptor;
        uint32_t path, other;
        uint64_t offset, size;
    };
    const std::string bytes = moco_test::read_file(file);
    std::vector<Record> records;
    for (size_t at = 0; at + sizeof(Head) <= bytes.size();) {
        Head head{};
        std::memcpy(&head, bytes.data() + at, sizeof head);
        at += sizeof head;
        const auto take = [&](size_t size) {
            at += size;
            return bytes.substr(at - size, size);
        };
        Record record{ static_cast<Kind>(head.kind), head.flags, head.descriptor, head.offset, "", "", "" };
        record.path = take(head.path);
        record.other = take(head.other);
        record.data = take(head.size);
        records.push_back(std::move(record));
    }
    return records;
}

// What has happened to what was not synced when the power fails.
enum class Loss {
    none,  // only the process was killed
    all,   // names and bytes are gone
    bytes, // names are there, with the bytes that were synced
    torn   // names are there, with a part of the bytes and zeros
};

class Disk {
  public:
    explicit Disk(const Files &files, const fs::path &root) : root_(root)
    {
        for (const auto &[path, bytes] : files) {
            names_[path] = std::make_shared<Inode>(Inode{ bytes, bytes, false });
            for (fs::path folder = fs::path(path).parent_path(); !folder.empty(); folder = folder.parent_path()) {
                names_[folder.string()] = std::make_shared<Inode>(Inode{ "", "", true });
            }
        }
        durable_ = names_;
    }

    void apply(const Record &r)
    {
        const std::string path = inner(r.path);
        switch (r.kind) {
        case Kind::open:
        case Kind::create:
            open(r, path);
            break;
        case Kind::write: {
            std::string &bytes = open_[r.descriptor]->now;
            bytes.resize(std::max<size_t>(bytes.size(), r.offset + r.data.size()));
            bytes.replace(r.offset, r.data.size(), r.data);
            break;
        }
        case Kind::truncate:
            open_[r.descriptor]->now.resize(r.offset);
            break;
        case Kind::sync:
            sync(r.descriptor, path);
            break;
        case Kind::rename:
            names_[inner(r.other)] = names_.at(path);
            names_.erase(path);
            break;
        case Kind::link:
            names_[inner(r.other)] = names_.at(path);
            break;
        case Kind::unlink:
            names_.erase(path);
            break;
        case Kind::mkdir:
            names_[path] = std::make_shared<Inode>(Inode{ "", "", true });
            break;
        default:
            break;
        }
    }

    // The files after a loss. Folders have a name that ends with '/'.
    [[nodiscard]] Files after(Loss loss) const
    {
        Files files;
        for (const auto &[path, inode] : loss == Loss::all ? durable_ : names_) {
            if (loss != Loss::all || is_reachable(path)) {
                files[path + (inode->is_folder ? "/" : "")] = loss == Loss::none   ? inode->now
                                                              : loss == Loss::torn ? torn(*inode)
                                                                                   : inode->synced;
            }
        }
        return files;
    }

  private:
    struct Inode {
        std::string now, synced;
        bool is_folder;
    };
    using Names = std::map<std::string, std::shared_ptr<Inode>>;

    [[nodiscard]] std::string inner(const std::string &path) const
    {
        return path == root_ ? "" : fs::path(path).lexically_relative(root_).lexically_normal().string();
    }
    void open(const Record &r, const std::string &path)
    {
        auto &inode = names_[path];
        if (inode == nullptr) {
            inode = std::make_shared<Inode>(Inode{ "", "", (r.flags & O_DIRECTORY) != 0 || path.empty() });
        }
        if ((r.flags & O_TRUNC) != 0) {
            inode->now.clear();
        }
        open_[r.descriptor] = inode;
    }
    // Syncs a file, or the names in a folder.
    void sync(int descriptor, const std::string &path)
    {
        Inode &inode = *open_[descriptor];
        inode.synced = inode.now;
        if (!inode.is_folder) {
            return;
        }
        const auto is_within = [&](const std::string &name) { return fs::path(name).parent_path().string() == path; };
        for (auto name = durable_.begin(); name != durable_.end();) {
            name = is_within(name->first) ? durable_.erase(name) : std::next(name);
        }
        for (const auto &[name, node] : names_) {
            if (is_within(name)) {
                durable_[name] = node;
            }
        }
    }
    [[nodiscard]] bool is_reachable(const std::string &path) const
    {
        for (fs::path folder = fs::path(path).parent_path(); !folder.empty(); folder = folder.parent_path()) {
            if (durable_.count(folder.string()) == 0) {
                return false;
            }
        }
        return true;
    }
    static std::string torn(const Inode &inode)
    {
        const bool grew = inode.now.compare(0, inode.synced.size(), inode.synced) == 0;
        const size_t kept = grew ? inode.synced.size() : 0;
        std::string bytes = inode.now;
        for (size_t i = kept + (bytes.size() - kept) / 2; i < bytes.size(); ++i) {
            bytes[i] = '\0';
        }
        return bytes;
    }

    std::string root_;
    Names names_, durable_;
    std::map<int, std::shared_ptr<Inode>> open_;
};

} // namespace faults
