// Hosts of environments, written, read back and deleted.
#include "fixtures.hpp"
#include "store/database.hpp"

namespace batchd::store {
namespace {

model::HostRow a_host(const std::string& name) {
    model::HostRow row{.environment_id = 1,
                       .document = {},
                       .origin = model::HostOrigin::Registered,
                       .drain_deadline = {},
                       .created_at = at(1)};
    row.document.name = name;
    row.document.url = "unix:///" + name;
    row.document.state = "ACTIVE";
    return row;
}

class HostTest : public StoreTest {
  protected:
    void put(std::vector<model::HostRow> rows) {
        ports::Changes changes;
        changes.environments.push_back(an_environment(1, "pool"));
        changes.hosts = std::move(rows);
        commit(changes);
    }
    std::vector<model::HostRow> load() {
        reopen();
        auto snapshot = store_->load();
        EXPECT_TRUE(snapshot) << snapshot.error().message;
        return snapshot ? snapshot->hosts : std::vector<model::HostRow>{};
    }
    /// What the start says after somebody wrote this into the file.
    std::string error_after(const std::string& sql) {
        auto database = Database::open(path(), Database::Access::ReadWrite);
        EXPECT_TRUE(database);
        EXPECT_TRUE(database->execute(sql));
        const auto snapshot = store_->load();
        return snapshot ? "" : snapshot.error().message;
    }
};

TEST_F(HostTest, EveryMemberComesBack) {
    auto row = a_host("x");
    row.document.url = "tcp://10.0.0.1:2376";
    row.document.certificate_directory = "/certs";
    row.document.vcpus = 3;
    row.document.memory_mi_b = 4096;
    row.document.gpus = {"0", "1"};
    row.document.labels = {{"rack", "7"}};
    row.document.state = "DRAINING";
    row.origin = model::HostOrigin::Launched;
    row.drain_deadline = at(500);
    row.is_deleting = true;
    put({a_host("y"), row});
    const auto rows = load();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].document, row.document);
    EXPECT_EQ(rows[0].environment_id, 1);
    EXPECT_EQ(rows[0].origin, row.origin);
    EXPECT_EQ(rows[0].drain_deadline, row.drain_deadline);
    EXPECT_TRUE(rows[0].is_deleting);
    EXPECT_EQ(rows[0].created_at, at(1));
    EXPECT_EQ(rows[1].document, a_host("y").document);
    EXPECT_EQ(rows[1].drain_deadline, std::nullopt);
    EXPECT_FALSE(rows[1].is_deleting);
}

TEST_F(HostTest, AHostIsReplacedAndDeletedByItsName) {
    put({a_host("x"), a_host("y")});
    auto changed = a_host("x");
    changed.document.state = "DRAINING";
    auto gone = a_host("y");
    gone.is_gone = true;
    put({changed, gone});
    const auto rows = load();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].document.state, "DRAINING");
}

TEST_F(HostTest, OneOfAnUnknownEnvironmentIsNotTaken) {
    auto row = a_host("x");
    row.environment_id = 5;
    ports::Changes changes;
    changes.hosts.push_back(row);
    EXPECT_FALSE(store_->commit(changes));
}

TEST_F(HostTest, DamageIsAClearError) {
    put({a_host("x")});
    EXPECT_TRUE(error_after("UPDATE host SET document = '{'").contains("is damaged"));
    EXPECT_TRUE(error_after("UPDATE host SET document = '{\"name\":7}'").contains("is damaged"));
    EXPECT_TRUE(error_after("UPDATE host SET document = '{\"name\":\"z\"}'")
                    .contains("the stored document of host 'x' is that of 'z'"));
}

}  // namespace
}  // namespace batchd::store
