#include "aws/answers.hpp"

#include "batchd/base/json.hpp"

#include <fmt/format.h>

#include <pugixml.hpp>

namespace batchd::aws {
namespace {

constexpr int kOk = 200;

std::unexpected<ApiError> no_answer(const HttpResponse& response, std::string_view expected) {
    const std::string code = response.status == kOk ? std::string("MalformedAnswer")
                                                    : fmt::format("Http{}", response.status);
    return std::unexpected(
        ApiError{.code = code,
                 .message = fmt::format("an answer with status {} and {} bytes that is not {}",
                                        response.status, response.body.size(), expected),
                 .status = response.status,
                 .error_class = ErrorClass::Unreachable});
}

std::unexpected<ApiError> refused(std::string code, std::string message, int status) {
    const ErrorClass error_class = classify(code, status);
    return std::unexpected(ApiError{.code = std::move(code),
                                    .message = std::move(message),
                                    .status = status,
                                    .error_class = error_class});
}

/// "com.amazonaws.ecs#ClientException" and "ClientException:http://..." are ClientException.
std::string bare_code(std::string_view type) {
    type = type.substr(0, type.find(':'));
    if (const auto hash = type.rfind('#'); hash != type.npos) type.remove_prefix(hash + 1);
    return std::string(type);
}

std::string text_of(const json::Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Outcome<nlohmann::json> read_json(const HttpResponse& response) {
    auto body = json::parse(response.body);
    const bool is_object = body && body->is_object();
    if (response.status == kOk) {
        if (!is_object) return no_answer(response, "JSON");
        return *std::move(body);
    }
    std::string type = is_object ? text_of(*body, "__type") : "";
    if (type.empty()) type = response.header("x-amzn-errortype");
    if (type.empty()) return no_answer(response, "JSON");
    std::string message = is_object ? text_of(*body, "message") : "";
    if (message.empty() && is_object) message = text_of(*body, "Message");
    return refused(bare_code(type), std::move(message), response.status);
}

Outcome<nlohmann::json> read_json_if_any(const HttpResponse& response) {
    if (response.status == kOk && response.body.empty()) return json::Json::object();
    return read_json(response);
}

Outcome<std::shared_ptr<const pugi::xml_document>> read_xml(const HttpResponse& response) {
    auto document = std::make_shared<pugi::xml_document>();
    const auto parsed = document->load_buffer(response.body.data(), response.body.size());
    const pugi::xml_node root = document->document_element();
    if (response.status == kOk) {
        // HTML may be XML, too.
        if (!parsed || !std::string_view(root.name()).ends_with("Response")) {
            return no_answer(response, "AWS's XML");
        }
        return document;
    }
    pugi::xml_node error = root.child("Errors").child("Error");  // EC2
    if (!error) error = root.child("Error");                     // the other services
    const std::string code = error.child_value("Code");
    if (code.empty()) return no_answer(response, "AWS's XML");
    return refused(code, error.child_value("Message"), response.status);
}

}  // namespace batchd::aws
