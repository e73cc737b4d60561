// A locale with a decimal comma, as applications have it that call setlocale(LC_ALL, "").
#pragma once

#include <clocale>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace moco_test {

// Sets the locale as long as it lives. Makes it in a folder if it is not installed.
class German {
  public:
    explicit German(const std::filesystem::path &folder)
    {
        const char *const name = "de_DE.ISO-8859-1"; // made in a quarter of the time of UTF-8
        is_set_ = std::setlocale(LC_ALL, name) != nullptr;
        const std::string make = "localedef -i de_DE -f ISO-8859-1 '" + (folder / name).string() + "' 2>/dev/null";
        if (!is_set_ && std::system(make.c_str()) >= 0) {
            setenv("LOCPATH", folder.c_str(), 1);
            is_set_ = std::setlocale(LC_ALL, name) != nullptr;
            unsetenv("LOCPATH");
        }
    }
    ~German() { std::setlocale(LC_ALL, "C"); }
    German(const German &) = delete;
    German &operator=(const German &) = delete;
    [[nodiscard]] bool is_set() const { return is_set_; }

  private:
    bool is_set_ = false;
};

} // namespace moco_test
