#include "net/tls.hpp"

#include <openssl/ssl.h>

namespace batchd::net {

namespace ssl = boost::asio::ssl;

Result<ssl::context> client_tls(const std::string& directory) {
    ssl::context context(ssl::context::tls_client);
    boost::system::error_code ec;
    const auto failed = [&](const std::string& file) {
        return invalid_argument("TLS file " + file + " cannot be used: " + ec.message());
    };
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    const std::string ca = directory + "/ca.pem";
    context.load_verify_file(ca, ec);
    if (ec) return failed(ca);
    const std::string certificate = directory + "/cert.pem";
    context.use_certificate_chain_file(certificate, ec);
    if (ec) return failed(certificate);
    const std::string key = directory + "/key.pem";
    context.use_private_key_file(key, ssl::context::pem, ec);
    if (ec) return failed(key);
    context.set_verify_mode(ssl::verify_peer, ec);
    if (ec) return failed(ca);
    return context;
}

}  // namespace batchd::net
