#include "batchd/secrets/resolver.hpp"

#include "batchd/base/descriptor.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

namespace batchd::secrets {
namespace {

constexpr const char* kSecretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:";

class ResolverTest : public ::testing::Test {
  protected:
    ResolverTest() {
        std::string pattern = testing::TempDir() + "batchd-secrets-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
    }
    void TearDown() override {
        std::filesystem::remove_all(folder_);
        for (const auto& name : variables_) ::unsetenv(name.c_str());
    }

    void write_file(const std::string& text, mode_t mode = 0600) {
        sources_.file = folder_ / "secrets.toml";
        std::filesystem::remove(sources_.file);
        std::ofstream(sources_.file) << text;
        std::filesystem::permissions(sources_.file, std::filesystem::perms{mode});
    }
    void set_variable(const std::string& name, const std::string& value) {
        sources_.environment_prefix = "BATCHD_TEST_SECRET_";
        variables_.push_back(sources_.environment_prefix + name);
        ::setenv(variables_.back().c_str(), value.c_str(), 1);
    }
    /// The name is $0.
    void run_script(const std::string& script) { sources_.command = {"/bin/sh", "-c", script}; }

    std::string value(const std::string& value_from) {
        auto found = Resolver(sources_).resolve(value_from);
        return found ? *found : "error: " + found.error().message;
    }
    std::string error(const std::string& value_from, ErrorKind kind) {
        auto found = Resolver(sources_).resolve(value_from);
        if (found) return "no error, but " + *found;
        EXPECT_EQ(found.error().kind, kind);
        return found.error().message;
    }

    static bool eventually(const std::function<bool()>& condition) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::yield();
        }
        return true;
    }

    std::filesystem::path folder_;
    std::vector<std::string> variables_;
    Sources sources_;
};

TEST_F(ResolverTest, SourcesAreAskedInOrder) {
    write_file("in-file = \"from the file\"\n");
    set_variable("IN_FILE", "not asked");
    set_variable("IN_ENVIRONMENT", "from the environment");
    run_script("echo \"from the command: $0\"");
    EXPECT_EQ(value("in-file"), "from the file");
    EXPECT_EQ(value("in-environment"), "from the environment");
    EXPECT_EQ(value("db/password"), "from the command: db/password");
}

TEST_F(ResolverTest, WithoutASourceNothingIsFound) {
    EXPECT_EQ(error("x", ErrorKind::NotFound), "'x': no source of secrets is configured");
    write_file("");
    set_variable("OTHER", "");
    EXPECT_EQ(error("db/x", ErrorKind::NotFound),
              "'db/x': not in secrets.file, BATCHD_TEST_SECRET_DB_X");
}

/// Remembers what it was asked for.
class FakeAws final : public ports::AwsSecrets {
  public:
    Result<std::string> value(const ports::AwsSecretId& secret) override {
        asked = secret.id;
        return answer;
    }
    Result<std::string> answer = "from AWS";
    std::string asked;
};

TEST_F(ResolverTest, AwsIsAskedLast) {
    FakeAws aws;
    sources_.aws = &aws;
    EXPECT_EQ(value("/db/x"), "from AWS");
    EXPECT_EQ(aws.asked, "/db/x");
    write_file("in-file = \"from the file\"\n");
    EXPECT_EQ(value("in-file"), "from the file");
    run_script("[ \"$0\" = known ] && echo c || exit 3");
    EXPECT_EQ(value("known"), "c");
    EXPECT_EQ(value("unknown"), "from AWS");
    sources_.command = {"/nowhere/program"};
    EXPECT_EQ(error("unknown", ErrorKind::Unavailable),
              "'unknown': secrets.command cannot be started: No such file or directory");
}

TEST_F(ResolverTest, AwssErrorFollowsTheOthers) {
    FakeAws aws;
    aws.answer = fail(ErrorKind::NotFound, "AWS is not asked: no region");
    sources_.aws = &aws;
    set_variable("OTHER", "");
    EXPECT_EQ(error("x", ErrorKind::NotFound),
              "'x': not in BATCHD_TEST_SECRET_X; AWS is not asked: no region");
    run_script("echo no; exit 3");
    EXPECT_EQ(error("x", ErrorKind::NotFound),
              "'x': secrets.command failed with exit code 3: ; AWS is not asked: no region");
    aws.answer = fail(ErrorKind::Unavailable, "AccessDenied");
    EXPECT_EQ(error("x", ErrorKind::Unavailable), "'x': AccessDenied");
}

TEST_F(ResolverTest, AJsonKeyOfWhatAwsHas) {
    FakeAws aws;
    aws.answer = R"({"user": "me"})";
    sources_.aws = &aws;
    EXPECT_EQ(value(kSecretArn + std::string("db-AbCdEf:user:AWSCURRENT:")), "me");
    EXPECT_EQ(aws.asked, kSecretArn + std::string("db-AbCdEf"));
}

TEST_F(ResolverTest, AnArnFindsItsOtherNameInEachSource) {
    write_file("\"db/password\" = \"f\"\n");
    set_variable("TOKEN", "e");
    run_script("[ \"$0\" = key ] && echo c");
    EXPECT_EQ(value("arn:aws:ssm:us-east-1:123456789012:parameter/db/password"), "f");
    EXPECT_EQ(value(kSecretArn + std::string("token-AbCdEf")), "e");
    EXPECT_EQ(value(kSecretArn + std::string("key-AbCdEf")), "c");
    EXPECT_EQ(error("bad name", ErrorKind::InvalidArgument),
              "'bad name' is neither a name nor the ARN of an SSM parameter or a Secrets Manager "
              "secret");
}

TEST_F(ResolverTest, VariablesAreInUpperCase) {
    set_variable("_DB_PASS_WORD_9_", "e");
    EXPECT_EQ(value("/db.pass-Word/9@"), "e");
    set_variable("EMPTY", "");
    EXPECT_EQ(value("empty"), "");
}

TEST_F(ResolverTest, TheFileIsReadEachTime) {
    write_file("a = \"1\"\n");
    Resolver resolver(sources_);
    EXPECT_EQ(resolver.resolve("a"), "1");
    write_file("a = \"2\"\n");
    EXPECT_EQ(resolver.resolve("a"), "2");
}

TEST_F(ResolverTest, TheFileIsForItsOwnerOnly) {
    for (const mode_t mode : {0644U, 0640U, 0602U, 0610U, 0777U}) {
        write_file("a = \"hidden\"\n", mode);
        const std::string text = error("a", ErrorKind::Unavailable);
        EXPECT_TRUE(text.starts_with("'a': secrets.file is open to others: its mode is 0")) << text;
    }
    write_file("a = \"shown\"\n", 0400);
    EXPECT_EQ(value("a"), "shown");
}

TEST_F(ResolverTest, AFileThatCannotBeReadIsNotSkipped) {
    set_variable("A", "e");
    sources_.file = folder_ / "missing.toml";
    EXPECT_EQ(error("a", ErrorKind::Unavailable),
              "'a': secrets.file cannot be opened: No such file or directory");
    sources_.file = folder_;
    EXPECT_EQ(error("a", ErrorKind::Unavailable), "'a': secrets.file is no file");
    write_file("b = \"1\"\na = hidden\n");
    EXPECT_EQ(error("a", ErrorKind::Unavailable), "'a': secrets.file is not TOML: see line 2");
    write_file("a = 4711\n");
    EXPECT_EQ(error("a", ErrorKind::Unavailable), "'a': secrets.file has it, but not as a string");
}

TEST_F(ResolverTest, AJsonKeyTakesAMember) {
    write_file(R"(db = '{"user": "me", "port": 5432, "tags": ["a"], "empty": ""}'
list = '["hidden"]'
broken = '{"user": hidden')");
    const std::string arn = kSecretArn;
    EXPECT_EQ(value(arn + "db:user::"), "me");
    EXPECT_EQ(value(arn + "db:port::"), "5432");
    EXPECT_EQ(value(arn + "db:tags::"), "[\"a\"]");
    EXPECT_EQ(value(arn + "db:empty:AWSCURRENT:"), "");
    EXPECT_TRUE(value(arn + "db").starts_with("{\"user\""));
    EXPECT_EQ(error(arn + "db:password::", ErrorKind::NotFound),
              "'db': the value has no json-key 'password'");
    for (const char* name : {"list", "broken"}) {
        EXPECT_EQ(error(arn + name + ":user::", ErrorKind::NotFound),
                  "'" + std::string(name) + "': json-key 'user': the value is no JSON object");
    }
}

TEST_F(ResolverTest, AValueIsText) {
    const std::string refusal = "'a': the value is not UTF-8 text without NUL";
    write_file("a = \"\\u00e9\\n\\ufffd\"\n");
    EXPECT_EQ(value("a"), "\u00e9\n\ufffd");
    write_file("a = \"x\\u0000y\"\n");
    EXPECT_EQ(error("a", ErrorKind::NotFound), refusal);
    sources_ = {};
    run_script("printf '\\377'");
    EXPECT_EQ(error("a", ErrorKind::NotFound), refusal);
}

TEST_F(ResolverTest, ACommandsOutputLosesItsLastNewline) {
    run_script("printf 'one\\ntwo\\n\\n'; echo noise >&2");
    EXPECT_EQ(value("x"), "one\ntwo\n");
    run_script("printf bare");
    EXPECT_EQ(value("x"), "bare");
    run_script(":");
    EXPECT_EQ(value("x"), "");
}

TEST_F(ResolverTest, ACommandGetsNoShellNoInputAndNoDescriptors) {
    sources_.command = {"echo", "$HOME", ";"};
    EXPECT_EQ(value("x"), "$HOME ; x");
    const Descriptor socket(::dup(STDERR_FILENO));  // as those of the daemon: without O_CLOEXEC
    run_script("cat; ls /proc/self/fd | wc -l");
    EXPECT_EQ(value("x"), "4") << "0, 1, 2 and the folder that ls reads";
}

TEST_F(ResolverTest, ACommandsFailureIsToldByItsFirstLineForTheFirstName) {
    run_script("echo \"no $0\" >&2; echo more >&2; echo hidden; exit 3");
    EXPECT_EQ(error(kSecretArn + std::string("a-AbCdEf"), ErrorKind::NotFound),
              "'a-AbCdEf': secrets.command failed with exit code 3: no a-AbCdEf");
    run_script("kill -TERM $$");
    EXPECT_EQ(error("x", ErrorKind::Unavailable), "'x': secrets.command was ended by signal 15");
    sources_.command = {"/nowhere/program"};
    EXPECT_EQ(error("x", ErrorKind::Unavailable),
              "'x': secrets.command cannot be started: No such file or directory");
}

TEST_F(ResolverTest, ACommandMayWrite64KiB) {
    run_script("head -c 65536 /dev/zero | tr '\\0' v; echo; head -c 300000 /dev/zero >&2");
    EXPECT_EQ(value("x"), std::string(65536, 'v'));
    run_script("head -c 65538 /dev/zero | tr '\\0' v");
    EXPECT_EQ(error("x", ErrorKind::Unavailable), "'x': secrets.command wrote more than 64 KiB");
}

TEST_F(ResolverTest, ACommandThatHangsIsKilledWithWhatItStarted) {
    sources_.command_limit = Milliseconds{200};
    const auto pid_file = folder_ / "pid";
    run_script("sleep 1000 & echo $! > " + pid_file.string() + "; echo hidden; wait");
    EXPECT_EQ(error("x", ErrorKind::Unavailable), "'x': secrets.command did not end within 200 ms");
    pid_t pid = 0;
    std::ifstream(pid_file) >> pid;
    ASSERT_GT(pid, 0);
    EXPECT_TRUE(eventually([&] {
        std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
        std::string word;
        std::string state;
        stat >> word >> word >> state;
        return state.empty() || state == "Z";  // it may wait for init to reap it
    }));
}

TEST_F(ResolverTest, StopEndsCommands) {
    const auto ready = folder_ / "ready";
    run_script("touch " + ready.string() + "; sleep 1000");
    Resolver resolver(sources_);
    Result<std::string> found;
    std::thread thread([&] { found = resolver.resolve("x"); });
    EXPECT_TRUE(eventually([&] { return std::filesystem::exists(ready); }));
    resolver.stop();
    thread.join();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, ErrorKind::Cancelled);
    EXPECT_EQ(resolver.resolve("y").error().kind, ErrorKind::Cancelled);
}

}  // namespace
}  // namespace batchd::secrets
