#include "batchd/compute/certificate_authority.hpp"

#include "compute/openssl.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <unistd.h>

namespace batchd::compute {
namespace {

namespace fs = std::filesystem;
using openssl::Certificate;
using openssl::Key;
using openssl::Purpose;

constexpr const char* kCaFile = "ca.pem";
constexpr const char* kCaKeyFile = "ca-key.pem";
constexpr const char* kClientFile = "cert.pem";
constexpr const char* kClientKeyFile = "key.pem";

std::unexpected<Error> io_failed(const fs::path& path) {
    return fail(ErrorKind::Unavailable, fmt::format("{}: {}", path.string(), std::strerror(errno)));
}

Result<> flush_to_disk(const fs::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return io_failed(path);
    const int result = ::fsync(file);
    ::close(file);
    if (result != 0) return io_failed(path);
    return {};
}

Result<> write_file(const fs::path& path, const std::string& text) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return io_failed(path);
    const auto written = ::write(file, text.data(), text.size());
    const bool is_whole = written == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
    ::close(file);
    if (!is_whole) return io_failed(path);
    return {};
}

Result<std::string> read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return io_failed(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

/// The same error, with the file's name before it.
template <class T>
Result<T> in_file(const fs::path& path, Result<T> result) {
    if (!result) result.error().message = path.string() + ": " + result.error().message;
    return result;
}

Result<> write_pair(const fs::path& folder, const char* certificate_file, const char* key_file,
                    const Certificate& certificate, const Key& key) {
    const auto certificate_text = openssl::to_pem(certificate);
    if (!certificate_text) return std::unexpected(certificate_text.error());
    const auto key_text = openssl::to_pem(key);
    if (!key_text) return std::unexpected(key_text.error());
    BATCHD_TRY(write_file(folder / certificate_file, *certificate_text));
    return write_file(folder / key_file, *key_text);
}

Result<> make_files(const fs::path& folder) {
    const auto ca_key = openssl::random_key();
    if (!ca_key) return std::unexpected(ca_key.error());
    const auto ca = openssl::issue({.purpose = Purpose::Authority,
                                    .subject = "batchd certificate authority",
                                    .dns_name = {},
                                    .serial = "authority"},
                                   *ca_key, nullptr, *ca_key);
    if (!ca) return std::unexpected(ca.error());
    const auto client_key = openssl::random_key();
    if (!client_key) return std::unexpected(client_key.error());
    const auto client = openssl::issue(
        {.purpose = Purpose::Client, .subject = "batchd", .dns_name = {}, .serial = "client"},
        *client_key, ca->get(), *ca_key);
    if (!client) return std::unexpected(client.error());
    BATCHD_TRY(write_pair(folder, kCaFile, kCaKeyFile, *ca, *ca_key));
    return write_pair(folder, kClientFile, kClientKeyFile, *client, *client_key);
}

/// In a folder beside it that takes its name when it is whole.
Result<> make_authority(const fs::path& folder) {
    fs::path unfinished = folder;
    unfinished += ".new";
    std::error_code ec;
    fs::remove_all(unfinished, ec);
    if (!fs::create_directories(unfinished, ec)) return io_failed(unfinished);
    fs::permissions(unfinished, fs::perms::owner_all, ec);
    BATCHD_TRY(make_files(unfinished));
    BATCHD_TRY(flush_to_disk(unfinished));
    fs::rename(unfinished, folder, ec);
    if (ec) {
        return fail(ErrorKind::Unavailable, fmt::format("{}: {}", folder.string(), ec.message()));
    }
    return flush_to_disk(fs::absolute(folder).parent_path());
}

}  // namespace

struct CertificateAuthority::Impl {
    fs::path folder;
    std::string certificate_text;
    Certificate certificate;
    Key key;
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;
CertificateAuthority::~CertificateAuthority() = default;

const fs::path& CertificateAuthority::folder() const { return impl_->folder; }
const std::string& CertificateAuthority::certificate() const { return impl_->certificate_text; }

Result<CertificateAuthority> CertificateAuthority::open(const fs::path& folder) {
    std::error_code ec;
    if (!fs::exists(folder, ec)) BATCHD_TRY(make_authority(folder));
    auto impl = std::make_unique<Impl>();
    impl->folder = fs::absolute(folder, ec);
    auto certificate_text = read_file(folder / kCaFile);
    if (!certificate_text) return std::unexpected(certificate_text.error());
    impl->certificate_text = std::move(*certificate_text);
    auto certificate = in_file(folder / kCaFile, openssl::read_certificate(impl->certificate_text));
    if (!certificate) return std::unexpected(certificate.error());
    impl->certificate = std::move(*certificate);
    const auto key_text = read_file(folder / kCaKeyFile);
    if (!key_text) return std::unexpected(key_text.error());
    auto key = in_file(folder / kCaKeyFile, openssl::read_key(*key_text));
    if (!key) return std::unexpected(key.error());
    impl->key = std::move(*key);
    return CertificateAuthority(std::move(impl));
}

Result<ServerCertificate> CertificateAuthority::issue_server(const std::string& name) const {
    const auto seed = openssl::derive(impl_->key, "server " + name);
    if (!seed) return std::unexpected(seed.error());
    const auto key = openssl::key_of(*seed);
    if (!key) return std::unexpected(key.error());
    const auto certificate = openssl::issue({.purpose = Purpose::Server,
                                             .subject = "batchd instance",
                                             .dns_name = name,
                                             .serial = name},
                                            *key, impl_->certificate.get(), impl_->key);
    if (!certificate) return std::unexpected(certificate.error());
    auto certificate_text = openssl::to_pem(*certificate);
    if (!certificate_text) return std::unexpected(certificate_text.error());
    auto key_text = openssl::to_pem(*key);
    if (!key_text) return std::unexpected(key_text.error());
    return ServerCertificate{.certificate = std::move(*certificate_text),
                             .key = std::move(*key_text)};
}

}  // namespace batchd::compute
