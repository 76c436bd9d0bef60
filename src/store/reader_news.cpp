#include "batchd/store/reader.hpp"
#include "store/news_codec.hpp"
#include "store/page.hpp"
#include "store/rows.hpp"

#include <fmt/format.h>

namespace batchd::store {
namespace {

std::unexpected<Error> missing(std::int64_t seq) {
    return fail(ErrorKind::Internal,
                fmt::format("event {} is not stored, but later ones are", seq));
}

}  // namespace

Result<NewsPage> Reader::news(std::int64_t after, std::int64_t limit) {
    auto transaction = Transaction::begin(*database_, Transaction::Kind::Read);
    if (!transaction) return std::unexpected(std::move(transaction).error());
    NewsPage page;
    BATCHD_TRY(database_->each(
        "SELECT coalesce((SELECT first_seq FROM event_batch ORDER BY first_seq LIMIT 1), 1),"
        " coalesce((SELECT first_seq + count - 1 FROM event_batch ORDER BY first_seq DESC LIMIT 1),"
        " 0)",
        [&](Row& row) -> Result<> {
            row.read(Within{page.oldest, 1}, Within{page.newest, 0});
            return {};
        }));
    // Numbers have no gaps: `limit` of them are about as many events.
    const std::int64_t first = std::max(after + 1, page.oldest);
    std::int64_t next = first;
    const auto on_row = [&](Row& row) -> Result<> {
        model::NewsBatch batch;
        std::int64_t count = 0;
        Blob body;
        row.read(Within{batch.first_seq, 1}, Within{count, 1}, batch.at, body);
        BATCHD_TRY(decode(body.bytes, batch));
        if (count != batch.count()) {
            return fail(ErrorKind::Internal,
                        fmt::format("count is {} of {} events", count, batch.count()));
        }
        if (batch.first_seq > next) return missing(next);
        if (row.damaged_column()) return {};  // which each() tells
        next = batch.end_seq();
        page.batches.push_back(std::move(batch));
        return {};
    };
    auto done = database_->each(
        "SELECT first_seq, count, at, body FROM event_batch WHERE first_seq >="
        " (SELECT max(first_seq) FROM event_batch WHERE first_seq <= ?1)"
        " AND first_seq < ?1 + ?2 AND first_seq + count > ?1 ORDER BY first_seq",
        on_row, first, limit);
    // Those before the damage are sound: only who has them is told of it.
    if (!done && page.batches.empty()) return std::unexpected(std::move(done).error());
    // Whoever got an empty page would ask for it again and again.
    if (page.batches.empty() && first <= page.newest) return missing(first);
    return page;
}

Result<std::vector<model::WebhookRow>> Reader::webhooks() {
    static const std::string sql =
        "SELECT " + std::string(kWebhookColumns) + " FROM webhook ORDER BY name";
    std::vector<model::WebhookRow> rows;
    BATCHD_TRY(database_->each(
        sql, [&](Row& row) -> Result<> { return read_webhook(row, rows.emplace_back()); }));
    return rows;
}

Result<Page<model::UndeliveredRow, std::int64_t>> Reader::undelivered(const std::string& webhook,
                                                                      std::int64_t after,
                                                                      std::size_t limit) {
    std::vector<model::UndeliveredRow> rows;
    const auto on_row = [&](Row& row) -> Result<> {
        auto& undelivered = rows.emplace_back();
        undelivered.webhook = webhook;
        row.read(Within{undelivered.first_seq, 1}, Within{undelivered.last_seq, 1}, undelivered.at,
                 Within{undelivered.tries, 0}, undelivered.error);
        return {};
    };
    BATCHD_TRY(
        database_->each("SELECT first_seq, last_seq, at, tries, error FROM undelivered"
                        " WHERE webhook = ? AND first_seq > ? ORDER BY first_seq LIMIT ?",
                        on_row, webhook, after, one_more(limit)));
    return make_page(std::move(rows), limit,
                     [](const model::UndeliveredRow& row) { return row.first_seq; });
}

}  // namespace batchd::store
