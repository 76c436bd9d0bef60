#include "support/busybox_image.hpp"

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

namespace batchd::testing {
namespace {

constexpr const char* kBusybox = "/usr/bin/busybox";
constexpr const char* kApplets[] = {
    "cat",    "dd", "echo", "env", "false", "head", "id",   "kill",  "ls", "mount", "nproc",
    "printf", "rm", "seq",  "sh",  "sleep", "tail", "test", "touch", "tr", "true",  "yes"};

enum class EntryType : char { File = '0', Link = '2', Folder = '5' };

void put(std::string& header, std::size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
}

std::string octal(std::size_t value, int digits) {
    char text[24];
    std::snprintf(text, sizeof text, "%0*zo", digits, value);
    return text;
}

/// One ustar entry.
void add_entry(std::string& tar, const std::string& name, EntryType type,
               const std::string& content, const std::string& target = {}) {
    std::string header(512, '\0');
    put(header, 0, name);
    put(header, 100, "0000755");
    put(header, 108, "0000000");
    put(header, 116, "0000000");
    put(header, 124, octal(content.size(), 11));
    put(header, 136, "00000000000");
    put(header, 148, "        ");
    header[156] = static_cast<char>(type);
    put(header, 157, target);
    put(header, 257, std::string("ustar\00000", 8));
    std::size_t sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    put(header, 148, octal(sum, 6) + std::string("\0 ", 2));
    tar += header + content;
    tar.resize((tar.size() + 511) / 512 * 512);
}

}  // namespace

Result<std::string> busybox_image() {
    std::ifstream file(kBusybox, std::ios::binary);
    if (!file) {
        return fail(ErrorKind::NotFound,
                    std::string(kBusybox) + " is missing: scripts/setup installs busybox-static");
    }
    const std::string busybox{std::istreambuf_iterator<char>(file), {}};
    std::string tar;
    for (const char* folder : {"bin/", "tmp/", "proc/", "dev/", "etc/"}) {
        add_entry(tar, folder, EntryType::Folder, {});
    }
    add_entry(tar, "bin/busybox", EntryType::File, busybox);
    add_entry(tar, "etc/notes", EntryType::File, "not a program\n");
    for (const char* applet : kApplets) {
        add_entry(tar, std::string("bin/") + applet, EntryType::Link, {}, "busybox");
    }
    return tar.append(1024, '\0');
}

}  // namespace batchd::testing
