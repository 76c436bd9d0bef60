#include "compute/openssl.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

namespace batchd::compute::openssl {
namespace {

using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;

/// Nobody renews them: an authority lives as long as its daemon's data.
constexpr long kValidSeconds = 30L * 365 * 24 * 3600;

template <class Write>
Result<std::string> pem_of(Write write) {
    const Bio bio(BIO_new(BIO_s_mem()));
    if (!bio || write(bio.get()) != 1) return failed("writing PEM");
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

Bio bio_of(const std::string& text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

bool add_extension(X509* certificate, int nid, const std::string& value) {
    const Extension extension(X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_serial(X509* certificate, const std::string& text) {
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), digest.data());
    constexpr int kSerialBytes = 16;  // RFC 5280: at most 20, and positive
    digest[0] &= 0x7f;
    const Number number(BN_bin2bn(digest.data(), kSerialBytes, nullptr));
    return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate));
}

bool set_subject(X509* certificate, const std::string& name) {
    return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                      reinterpret_cast<const std::uint8_t*>(name.data()),
                                      static_cast<int>(name.size()), -1, 0) == 1;
}

bool set_validity(X509* certificate, const X509* issuer) {
    if (issuer) {
        return X509_set1_notBefore(certificate, X509_get0_notBefore(issuer)) == 1 &&
               X509_set1_notAfter(certificate, X509_get0_notAfter(issuer)) == 1;
    }
    constexpr long kClockSkew = 24L * 3600;
    return X509_gmtime_adj(X509_getm_notBefore(certificate), -kClockSkew) &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), kValidSeconds);
}

bool set_purpose(X509* certificate, const CertificateRequest& request) {
    switch (request.purpose) {
        case Purpose::Authority:
            return add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE") &&
                   add_extension(certificate, NID_key_usage, "critical,keyCertSign");
        case Purpose::Server:
            return add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
                   add_extension(certificate, NID_subject_alt_name, "DNS:" + request.dns_name);
        case Purpose::Client:
            return add_extension(certificate, NID_ext_key_usage, "clientAuth");
    }
    return false;
}

}  // namespace

std::unexpected<Error> failed(std::string_view what) {
    std::array<char, 256> text{};
    ERR_error_string_n(ERR_get_error(), text.data(), text.size());
    return fail(ErrorKind::Internal, fmt::format("{}: {}", what, text.data()));
}

Result<Key> random_key() {
    Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    if (!key) return failed("making an Ed25519 key");
    return key;
}

Result<Key> key_of(const Seed& seed) {
    Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
    if (!key) return failed("making an Ed25519 key");
    return key;
}

Result<Seed> seed_of(const Key& key) {
    Seed seed{};
    std::size_t size = seed.size();
    if (EVP_PKEY_get_raw_private_key(key.get(), seed.data(), &size) != 1 || size != seed.size()) {
        return failed("reading an Ed25519 key");
    }
    return seed;
}

Result<Seed> derive(const Key& key, std::string_view text) {
    const auto seed = seed_of(key);
    if (!seed) return std::unexpected(seed.error());
    Seed derived{};
    unsigned int size = 0;
    if (!HMAC(EVP_sha256(), seed->data(), static_cast<int>(seed->size()),
              reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), derived.data(),
              &size)) {
        return failed("deriving a key");
    }
    return derived;
}

Result<Certificate> issue(const CertificateRequest& request, const Key& key, const X509* issuer,
                          const Key& issuer_key) {
    Certificate certificate(X509_new());
    X509* made = certificate.get();
    const bool is_made = made && X509_set_version(made, X509_VERSION_3) == 1 &&
                         set_serial(made, request.serial) && set_subject(made, request.subject) &&
                         X509_set_issuer_name(made, issuer ? X509_get_subject_name(issuer)
                                                           : X509_get_subject_name(made)) == 1 &&
                         set_validity(made, issuer) && X509_set_pubkey(made, key.get()) == 1 &&
                         set_purpose(made, request) &&
                         X509_sign(made, issuer_key.get(), nullptr) > 0;
    if (!is_made) return failed("issuing a certificate");
    return certificate;
}

Result<std::string> to_pem(const Key& key) {
    return pem_of([&](BIO* bio) {
        return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
}

Result<std::string> to_pem(const Certificate& certificate) {
    return pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
}

Result<Key> read_key(const std::string& pem) {
    Key key(PEM_read_bio_PrivateKey(bio_of(pem).get(), nullptr, nullptr, nullptr));
    if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) {
        ERR_clear_error();
        return invalid_argument("it is no Ed25519 key in PEM");
    }
    return key;
}

Result<Certificate> read_certificate(const std::string& pem) {
    Certificate certificate(PEM_read_bio_X509(bio_of(pem).get(), nullptr, nullptr, nullptr));
    if (!certificate) {
        ERR_clear_error();
        return invalid_argument("it is no certificate in PEM");
    }
    return certificate;
}

}  // namespace batchd::compute::openssl
