// batchd's own certificate authority, for mutual TLS with the Docker Engines of the instances that
// it launches: such a port is the machine's root, so both sides prove who they are.
//
// Any thread. Keys are Ed25519.
#pragma once

#include "batchd/base/result.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace batchd::compute {

/// PEM texts.
struct ServerCertificate {
    std::string certificate;
    std::string key;
};

class CertificateAuthority {
  public:
    /// The one in `folder`; if there is none it is made, whole or not at all: ca.pem, ca-key.pem,
    /// and the daemon's own cert.pem and key.pem, so that `folder` is what net::Tls wants. The keys
    /// are readable by their owner alone. Unavailable if files cannot be read or written,
    /// InvalidArgument if one is not what its name says.
    static Result<CertificateAuthority> open(const std::filesystem::path& folder);

    CertificateAuthority(CertificateAuthority&&) noexcept;
    CertificateAuthority& operator=(CertificateAuthority&&) noexcept;
    ~CertificateAuthority();

    const std::filesystem::path& folder() const;
    const std::string& certificate() const;  ///< PEM

    /// For a server of that DNS name. The same name gives the same texts, as long as the authority
    /// is the same: so a launch that is asked for again after a restart is asked for word by word,
    /// and no key needs to be stored.
    Result<ServerCertificate> issue_server(const std::string& name) const;

  private:
    struct Impl;
    explicit CertificateAuthority(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace batchd::compute
