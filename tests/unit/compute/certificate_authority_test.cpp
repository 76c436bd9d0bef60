#include "batchd/compute/certificate_authority.hpp"

#include "compute/openssl.hpp"

#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include <fstream>

namespace batchd::compute {
namespace {

namespace fs = std::filesystem;

class CertificateAuthorityTest : public ::testing::Test {
  protected:
    CertificateAuthorityTest() {
        std::string pattern = fs::temp_directory_path() / "batchd-ca-XXXXXX";
        root_ = ::mkdtemp(pattern.data());
    }
    ~CertificateAuthorityTest() override { fs::remove_all(root_); }

    fs::path folder() const { return root_ / "tls"; }

    fs::path root_;
};

openssl::Certificate parsed(const std::string& pem) {
    auto certificate = openssl::read_certificate(pem);
    EXPECT_TRUE(certificate);
    return std::move(*certificate);
}

bool is_signed_by(const openssl::Certificate& certificate, const openssl::Certificate& issuer) {
    return X509_verify(certificate.get(), X509_get0_pubkey(issuer.get())) == 1;
}

TEST_F(CertificateAuthorityTest, IsMadeOnceAndFoundAgain) {
    const auto made = CertificateAuthority::open(folder());
    ASSERT_TRUE(made) << made.error().message;
    const auto found = CertificateAuthority::open(folder());
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(made->certificate(), found->certificate());
    EXPECT_EQ(found->folder(), folder());
    for (const char* name : {"ca.pem", "ca-key.pem", "cert.pem", "key.pem"}) {
        const auto mode = fs::status(folder() / name).permissions();
        EXPECT_EQ(mode, fs::perms::owner_read | fs::perms::owner_write) << name;
    }
}

TEST_F(CertificateAuthorityTest, AServersCertificateIsForItsNameAlone) {
    const auto authority = CertificateAuthority::open(folder());
    ASSERT_TRUE(authority);
    const auto server = authority->issue_server("launch-1.batchd");
    ASSERT_TRUE(server) << server.error().message;
    const auto certificate = parsed(server->certificate);
    EXPECT_TRUE(is_signed_by(certificate, parsed(authority->certificate())));
    const auto matches = [&](const char* name) {
        return X509_check_host(certificate.get(), name, 0, 0, nullptr);
    };
    EXPECT_EQ(matches("launch-1.batchd"), 1);
    EXPECT_EQ(matches("launch-2.batchd"), 0);
    const auto key = openssl::read_key(server->key);
    ASSERT_TRUE(key);
    EXPECT_EQ(X509_check_private_key(certificate.get(), key->get()), 1);
}

TEST_F(CertificateAuthorityTest, TheSameNameGivesTheSameTextAfterARestart) {
    const auto before = CertificateAuthority::open(folder())->issue_server("a.batchd");
    const auto after = CertificateAuthority::open(folder())->issue_server("a.batchd");
    const auto other = CertificateAuthority::open(folder())->issue_server("b.batchd");
    ASSERT_TRUE(before && after && other);
    EXPECT_EQ(before->certificate, after->certificate);
    EXPECT_EQ(before->key, after->key);
    EXPECT_NE(before->key, other->key);
}

TEST_F(CertificateAuthorityTest, AnotherDaemonsServersAreNotTrusted) {
    const auto one = CertificateAuthority::open(folder());
    const auto other = CertificateAuthority::open(root_ / "other");
    ASSERT_TRUE(one && other);
    const auto server = other->issue_server("a.batchd");
    ASSERT_TRUE(server);
    EXPECT_FALSE(is_signed_by(parsed(server->certificate), parsed(one->certificate())));
}

TEST_F(CertificateAuthorityTest, OneThatWasNotFinishedIsMadeAnew) {
    fs::create_directories(root_ / "tls.new");
    std::ofstream(root_ / "tls.new" / "ca.pem") << "half";
    EXPECT_TRUE(CertificateAuthority::open(folder()));
}

TEST_F(CertificateAuthorityTest, DamageNamesTheFile) {
    ASSERT_TRUE(CertificateAuthority::open(folder()));
    std::ofstream(folder() / "ca-key.pem") << "nonsense";
    const auto damaged = CertificateAuthority::open(folder());
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().kind, ErrorKind::InvalidArgument);
    EXPECT_EQ(damaged.error().message,
              (folder() / "ca-key.pem").string() + ": it is no Ed25519 key in PEM");
    fs::remove(folder() / "ca-key.pem");
    EXPECT_EQ(CertificateAuthority::open(folder()).error().kind, ErrorKind::Unavailable);
}

}  // namespace
}  // namespace batchd::compute
