// GET /client/{file}: the client pack of share/client, and the script that installs it.
#include "api/native/routes.hpp"

#include <boost/algorithm/string/replace.hpp>
#include <fmt/format.h>

#include <array>

// From client_files.S.
extern "C" const char batchd_client_waiters_begin[];
extern "C" const char batchd_client_waiters_end[];
extern "C" const char batchd_client_extras_begin[];
extern "C" const char batchd_client_extras_end[];
extern "C" const char batchd_client_install_begin[];
extern "C" const char batchd_client_install_end[];

namespace batchd::api::native {
namespace {

constexpr std::string_view kWaiters = "waiters-2.json";
constexpr std::string_view kExtras = "service-2.sdk-extras.json";
constexpr std::string_view kInstall = "install";

struct File {
    std::string_view name;
    std::string_view content_type;
    std::string text;
};

/// The script with the files where it names them: one download, nothing that could be missing.
std::string install_script(const std::string& waiters, const std::string& extras) {
    std::string script(batchd_client_install_begin, batchd_client_install_end);
    boost::algorithm::replace_first(script, fmt::format("@{}@\n", kWaiters), waiters);
    boost::algorithm::replace_first(script, fmt::format("@{}@\n", kExtras), extras);
    return script;
}

const std::array<File, 3>& files() {
    static const auto all = [] {
        const std::string waiters(batchd_client_waiters_begin, batchd_client_waiters_end);
        const std::string extras(batchd_client_extras_begin, batchd_client_extras_end);
        return std::array{
            File{.name = kWaiters, .content_type = "application/json", .text = waiters},
            File{.name = kExtras, .content_type = "application/json", .text = extras},
            File{.name = kInstall,
                 .content_type = "text/x-shellscript; charset=utf-8",
                 .text = install_script(waiters, extras)}};
    }();
    return all;
}

}  // namespace

Task<http::Response> get_client_file(NativeCall call) {
    for (const auto& file : files()) {
        if (file.name != call.id) continue;
        http::Response response;
        response.headers.add("Content-Type", std::string(file.content_type));
        response.body = file.text;
        co_return response;
    }
    co_return fail(ErrorKind::NotFound,
                   fmt::format("the client pack has no '{}'; it has: {}, {}, {}", call.id, kWaiters,
                               kExtras, kInstall));
}

}  // namespace batchd::api::native
