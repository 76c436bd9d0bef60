#include "batchd/docker/image_reference.hpp"

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include <algorithm>

namespace batchd::docker {
namespace {

constexpr std::string_view kDockerHub = "docker.io";

std::string base64url(std::string_view text) {
    std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');  // EVP_EncodeBlock ends with a NUL
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    out.resize(static_cast<std::size_t>(size));
    std::ranges::replace(out, '+', '-');
    std::ranges::replace(out, '/', '_');
    return out;
}

}  // namespace

std::string registry_of(std::string_view image) {
    const auto slash = image.find('/');
    if (slash == std::string_view::npos) return std::string(kDockerHub);
    const std::string_view first = image.substr(0, slash);
    const bool is_host =
        first.find_first_of(".:") != std::string_view::npos || first == "localhost";
    return std::string(is_host ? first : kDockerHub);
}

std::string with_tag(std::string_view image) {
    std::string reference(image);
    const auto slash = image.rfind('/');
    const std::string_view name = slash == std::string_view::npos ? image : image.substr(slash + 1);
    if (name.find_first_of(":@") == std::string_view::npos) reference += ":latest";
    return reference;
}

std::string registry_auth(const ports::RegistryLogin& login, std::string_view registry) {
    const std::string address =
        registry == kDockerHub ? "https://index.docker.io/v1/" : std::string(registry);
    const nlohmann::json value{
        {"username", login.username}, {"password", login.password}, {"serveraddress", address}};
    return base64url(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace batchd::docker
