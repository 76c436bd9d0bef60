#include "compute/user_data.hpp"

#include "batchd/docker/answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace batchd::compute {
namespace {

constexpr std::size_t kMostBytes = 16 * 1024;
constexpr std::string_view kBoundary = "==batchd-user-data==";

constexpr std::string_view kMetadata =
    R"sh(imds=${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}
metadata() {
  local token
  token=$(curl -sf -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$imds/latest/api/token") &&
    curl -sf -m 5 -H "X-aws-ec2-metadata-token: $token" "$imds/latest/meta-data/$1"
}
)sh";

constexpr std::string_view kBegin = R"sh(#!/bin/bash
# Makes this machine's Docker Engine a host of batchd, over mutual TLS.
set -eu
umask 077
)sh";

constexpr std::string_view kEngine = R"sh(until address=$(metadata local-ipv4); do sleep 1; done
if ! command -v dockerd >/dev/null; then
  if command -v dnf >/dev/null; then
    dnf install -y docker
  else
    apt-get -o DPkg::Lock::Timeout=300 update
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y docker.io
  fi
fi
# The agent of an ECS-optimized image would stop containers that it does not know.
systemctl disable --now ecs >/dev/null 2>&1 || true
mkdir -p /etc/systemd/system/docker.service.d
cat > /etc/systemd/system/docker.service.d/batchd.conf <<END
[Service]
ExecStart=
ExecStart=$(command -v dockerd) \$OPTIONS \$DOCKER_STORAGE_OPTIONS \$DOCKER_ADD_RUNTIMES -H unix:///var/run/docker.sock -H tcp://$address:@port@ --tlsverify --tlscacert=/etc/docker/batchd/ca.pem --tlscert=/etc/docker/batchd/cert.pem --tlskey=/etc/docker/batchd/key.pem
END
systemctl daemon-reload
systemctl enable docker
# Not to wait: on some images the Engine's unit starts after cloud-init, which waits for us.
systemctl restart --no-block docker
)sh";

/// The notice comes about two minutes before a Spot instance is taken away.
constexpr std::string_view kNotice = R"sh(cat > /usr/local/sbin/batchd-notice <<'END'
#!/bin/bash
@metadata@until notice=$(metadata spot/instance-action); do sleep 5; done
at=$(date -d "$(sed 's/.*"time" *: *"\([^"]*\)".*/\1/' <<< "$notice")" +%s)
tar -c --files-from /dev/null | docker import - batchd-notice
docker create --label '@label@' --name "@prefix@$at" batchd-notice none
END
chmod 700 /usr/local/sbin/batchd-notice
cat > /etc/systemd/system/batchd-notice.service <<END
[Unit]
StartLimitIntervalSec=0
[Service]
ExecStart=/usr/local/sbin/batchd-notice
Restart=on-failure
RestartSec=1
[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable batchd-notice
systemctl restart --no-block batchd-notice
)sh";

std::string replaced(std::string text, std::string_view mark, std::string_view value) {
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
        text.replace(at, mark.size(), value);
        at += value.size();
    }
    return text;
}

std::string file(std::string_view path, std::string_view text) {
    return fmt::format("cat > {} <<'END'\n{}END\n", path, text);
}

bool begins_a_multi_part(const std::string& text) {
    std::string head = text.substr(0, 512);
    std::ranges::transform(head, head.begin(), [](unsigned char c) { return std::tolower(c); });
    return head.contains("content-type: multipart/");
}

}  // namespace

std::string user_data(const UserData& data) {
    std::string script(kBegin);
    script += kMetadata;
    script += "mkdir -p /etc/docker/batchd\n";
    script += file("/etc/docker/batchd/ca.pem", data.ca);
    script += file("/etc/docker/batchd/cert.pem", data.server.certificate);
    script += file("/etc/docker/batchd/key.pem", data.server.key);
    script += replaced(std::string(kEngine), "@port@", std::to_string(kEnginePort));
    if (data.is_spot) {
        auto notice = replaced(std::string(kNotice), "@metadata@", kMetadata);
        notice = replaced(std::move(notice), "@label@", data.label);
        script += replaced(std::move(notice), "@prefix@", docker::kLeavingNotice);
    }
    return script;
}

Result<std::string> merge_user_data(const std::string& script, const std::string& own) {
    if (!begins_a_multi_part(own)) {
        return invalid_argument(
            "The launch template's user data must be a MIME multi-part document");
    }
    // A multi-part document may be a part of another: its head goes on as that part's.
    std::string merged = fmt::format(
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"{0}\"\n\n"
        "--{0}\n{1}\n--{0}\nContent-Type: text/x-shellscript; charset=\"us-ascii\"\n\n{2}\n--{0}--"
        "\n",
        kBoundary, own, script);
    if (merged.size() > kMostBytes) {
        return invalid_argument(fmt::format(
            "The launch template's user data is too long: with batchd's own it has {} bytes, and "
            "EC2 takes {}",
            merged.size(), kMostBytes));
    }
    return merged;
}

}  // namespace batchd::compute
