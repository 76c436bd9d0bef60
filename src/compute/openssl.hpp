// OpenSSL's objects as values of C++, and the few things that a certificate authority does with
// them. Keys are Ed25519.
#pragma once

#include "batchd/base/result.hpp"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace batchd::compute::openssl {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Seed = std::array<std::uint8_t, 32>;  ///< an Ed25519 private key

/// What OpenSSL says about the last failure, as Internal.
std::unexpected<Error> failed(std::string_view what);

Result<Key> random_key();
Result<Key> key_of(const Seed& seed);
Result<Seed> seed_of(const Key& key);
/// A seed that follows from a key and a text, and tells nothing of the key: HMAC-SHA256.
Result<Seed> derive(const Key& key, std::string_view text);

enum class Purpose { Authority, Server, Client };

struct CertificateRequest {
    Purpose purpose;
    std::string subject;   ///< common name
    std::string dns_name;  ///< of a server
    std::string serial;    ///< a text that gives the serial number
};

/// `issuer` is null for one that signs itself; else its validity is the new one's too.
Result<Certificate> issue(const CertificateRequest& request, const Key& key, const X509* issuer,
                          const Key& issuer_key);

Result<std::string> to_pem(const Key& key);
Result<std::string> to_pem(const Certificate& certificate);
/// InvalidArgument if the text is none.
Result<Key> read_key(const std::string& pem);
Result<Certificate> read_certificate(const std::string& pem);

}  // namespace batchd::compute::openssl
