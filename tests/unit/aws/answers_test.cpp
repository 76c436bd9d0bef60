#include "aws/answers.hpp"

#include "aws/base64.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <pugixml.hpp>

namespace batchd::aws {
namespace {

HttpResponse response(int status, const std::string& body) {
    return {.status = status, .headers{}, .body = body};
}

std::string json_outcome(const HttpResponse& given) {
    const auto answer = read_json(given);
    return answer
               ? answer->dump()
               : std::string(to_string(answer.error().error_class)) + " " + answer.error().text();
}

std::string xml_outcome(const HttpResponse& given) {
    const auto answer = read_xml(given);
    return answer
               ? std::string((*answer)->document_element().name())
               : std::string(to_string(answer.error().error_class)) + " " + answer.error().text();
}

constexpr const char* kHtml = "<!doctype html><html lang=en><title>500</title><h1>Oops<br></html>";

TEST(AwsAnswers, Json) {
    EXPECT_EQ(json_outcome(response(200, R"({"a":1})")), R"({"a":1})");
    for (const char* body : {R"({"__type":"com.amazonaws.ssm#ParameterNotFound","message":"m"})",
                             R"({"__type":"ParameterNotFound","Message":"m"})",
                             R"({"__type":"ParameterNotFound:http://x/","message":"m"})"}) {
        EXPECT_EQ(json_outcome(response(400, body)), "configuration ParameterNotFound: m");
    }
    EXPECT_EQ(
        json_outcome(
            {.status = 400, .headers = {{"x-amzn-ErrorType", "ThrottlingException:"}}, .body = ""}),
        "throttling ThrottlingException");
    EXPECT_EQ(json_outcome(response(400, R"({"__type":7,"message":[]})")),
              "unreachable Http400: an answer with status 400 and 25 bytes that is not JSON");
}

TEST(AwsAnswers, Xml) {
    EXPECT_EQ(xml_outcome(response(200,
                                   "<RunInstancesResponse xmlns=\"http://x/\"><a/>"
                                   "</RunInstancesResponse>")),
              "RunInstancesResponse");
    EXPECT_EQ(xml_outcome(response(400,
                                   "<Response><Errors><Error><Code>AuthFailure</Code>"
                                   "<Message>m</Message></Error></Errors></Response>")),
              "credentials AuthFailure: m");
    EXPECT_EQ(xml_outcome(response(403,
                                   "<ErrorResponse><Error><Type>Sender</Type>"
                                   "<Code>AccessDenied</Code><Message>m</Message></Error>"
                                   "</ErrorResponse>")),
              "configuration AccessDenied: m");
}

TEST(AwsAnswers, WhatIsNotAwssIsUnreachable) {
    for (const char* body : {"", " ", kHtml, "{\"a\":", "[]", "null", "\xff\xfe", "<a><b></a>",
                             "<html><body/></html>"}) {
        for (const int status : {200, 301, 403, 404, 500, 503}) {
            const std::string start =
                "unreachable " +
                (status == 200 ? std::string("MalformedAnswer") : "Http" + std::to_string(status));
            EXPECT_TRUE(json_outcome(response(status, body)).starts_with(start)) << body;
            EXPECT_TRUE(xml_outcome(response(status, body)).starts_with(start)) << body;
            EXPECT_FALSE(json_outcome(response(status, body)).contains("Oops"));
        }
    }
    EXPECT_TRUE(json_outcome(response(200, std::string(100'000, '['))).starts_with("unreachable"));
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "<a>";
    EXPECT_TRUE(xml_outcome(response(200, deep)).starts_with("unreachable"));
}

TEST(AwsAnswers, Base64) {
    EXPECT_EQ(to_base64(""), "");
    EXPECT_EQ(to_base64("AWS:password"), "QVdTOnBhc3N3b3Jk");
    EXPECT_EQ(to_base64(std::string("\0\xff", 2)), "AP8=");
    EXPECT_EQ(from_base64("AP8="), std::string("\0\xff", 2));
    EXPECT_EQ(from_base64("YQ=="), "a");
    EXPECT_EQ(from_base64(""), "");
    for (const char* text : {"a", "abc", "a*=="}) {
        EXPECT_FALSE(from_base64(text)) << text;
    }
}

}  // namespace
}  // namespace batchd::aws
