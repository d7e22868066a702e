#include "src/serve/service.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/socket.h>

#include "src/base/error.h"
#include "src/serve/request_error.h"
#include "tests/support/error_of.h"

namespace helio::serve {
namespace {

using namespace std::chrono_literals;

// Answers with the caption; "unknown" has no known word, "broken" cannot be drawn.
class FakeArtist : public Artist {
 public:
  Json About() const override { return {{"system", "fake"}}; }
  void Check(const DrawRequest& request) const override {
    if (request.caption == "unknown") throw RequestError(422, "unknown_words", "no word is known");
  }
  std::vector<Json> Draw(const std::vector<DrawRequest>& requests) override {
    std::vector<Json> answers;
    for (const auto& request : requests) {
      if (request.caption == "broken") throw std::runtime_error("a secret of the server");
      answers.push_back({{"caption", request.caption}});
    }
    return answers;
  }
};

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() { options_.port = 0; }
  void Start() {
    service_ = std::make_unique<Service>(artist_, options_);
    port_ = service_->Start();
  }
  httplib::Client Client() const {
    httplib::Client client("127.0.0.1", port_);
    client.set_read_timeout(120s);
    return client;
  }
  // Status and error code (or caption) of an answer to `body`.
  std::pair<int, std::string> Ask(const std::string& body, const char* type = "application/json") const {
    const auto answer = Client().Post("/api/draw", body, type);
    if (!answer) return {0, httplib::to_string(answer.error())};
    const auto json = Json::parse(answer->body);
    return {answer->status, json.contains("error") ? json["error"]["code"] : json["caption"]};
  }
  int Connected() const {
    const int connection = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return connection;
  }

  static ssize_t Say(int connection, std::string_view text) {
    return send(connection, text.data(), text.size(), MSG_NOSIGNAL);
  }

  FakeArtist artist_;
  ServeOptions options_;
  std::unique_ptr<Service> service_;
  int port_ = 0;
};

using Said = std::pair<int, std::string>;

// A page of elsewhere may have had its own name pointed at this machine.
TEST_F(ServiceTest, PagesOfElsewhereAreRefused) {
  Start();
  const auto status = [&](const httplib::Headers& headers) {
    const auto answer = Client().Post("/api/draw", headers, R"({"caption": "a bird"})", "application/json");
    return answer ? answer->status : 0;
  };
  EXPECT_EQ(status({{"Host", "evil.example"}}), 403);
  EXPECT_EQ(status({{"Host", "localhost:8080"}, {"Origin", "http://evil.example"}}), 403);
  EXPECT_EQ(status({{"Host", "localhost:8080"}, {"Origin", "http://localhost:8080"}}), 200);
  EXPECT_EQ(status({{"Host", "[::1]:8080"}}), 200);
  EXPECT_EQ(status({{"Host", "127.0.0.1.evil.example"}}), 403);
}

TEST_F(ServiceTest, AnAddressThatIsNotToBeHadIsToldFromAPortThatIsTaken) {
  Start();
  options_.port = port_;
  EXPECT_NE(ErrorOf([&] { Service(artist_, options_).Start(); }).find("is it in use?"), std::string::npos);
  options_.address = "192.0.2.1";  // of documentation, nobody's
  for (const int port : {0, port_}) {
    options_.port = port;
    const auto said = ErrorOf([&] { Service(artist_, options_).Start(); });
    EXPECT_NE(said.find("is no address of this machine"), std::string::npos) << said;
  }
}

TEST_F(ServiceTest, AWebServerInFrontIsNamed) {
  options_.host = "birds.example,other.example";
  Start();
  const auto status = [&](const httplib::Headers& headers) {
    const auto answer = Client().Post("/api/draw", headers, R"({"caption": "a bird"})", "application/json");
    return answer ? answer->status : 0;
  };
  EXPECT_EQ(status({{"Host", "birds.example"}, {"Origin", "https://birds.example"}}), 200);
  EXPECT_EQ(status({{"Host", "127.0.0.1:8080"}, {"Origin", "https://birds.example"}}), 200);
  EXPECT_EQ(status({{"Host", "birds.example"}, {"Origin", "https://evil.example"}}), 403);
}

TEST_F(ServiceTest, RangesDoNotMultiplyAnAnswer) {
  Start();
  const auto whole = Client().Get("/page.js");
  const auto ranged = Client().Get("/page.js", {{"Range", "bytes=0-,0-,0-,0-"}});
  ASSERT_TRUE(whole && ranged);
  EXPECT_EQ(ranged->body, whole->body);
  EXPECT_EQ(ranged->status, 200);
}

TEST_F(ServiceTest, ServesThePageAndTheModel) {
  Start();
  for (const char* path : {"/", "/style.css", "/page.js"}) {
    const auto answer = Client().Get(path);
    ASSERT_TRUE(answer) << path;
    EXPECT_EQ(answer->status, 200);
    EXPECT_GT(answer->body.size(), 1000u);
    EXPECT_NE(answer->get_header_value("Content-Security-Policy"), "");
  }
  const auto about = Json::parse(Client().Get("/api/model")->body);
  EXPECT_EQ(about["system"], "fake");
  EXPECT_EQ(about["limits"]["pictures"], 8);
}

TEST_F(ServiceTest, AnswersAndRefuses) {
  Start();
  EXPECT_EQ(Ask(R"({"caption": "a bird"})"), Said(200, "a bird"));
  EXPECT_EQ(Ask("{"), Said(400, "not_json"));
  EXPECT_EQ(Ask(R"({"caption": "a bird"})", "text/plain"), Said(415, "not_json"));
  EXPECT_EQ(Ask("a=b", "multipart/form-data"), Said(415, "not_json"));
  EXPECT_EQ(Ask(R"({"caption": "unknown"})"), Said(422, "unknown_words"));
  EXPECT_EQ(Ask(R"({"caption": "broken"})"), Said(500, "internal"));
  EXPECT_EQ(Ask(R"({"caption": "still here"})"), Said(200, "still here"));
  const auto lost = Client().Get("/etc/passwd");
  EXPECT_EQ(lost->status, 404);
  EXPECT_EQ(Json::parse(lost->body)["error"]["code"], "not_found");
  EXPECT_EQ(Client().Get("/api/draw")->status, 404);
}

TEST_F(ServiceTest, SaysWhenToAskAgain) {
  options_.requests_per_minute = 1;
  Start();
  EXPECT_EQ(Ask(R"({"caption": "a"})"), Said(200, "a"));
  const auto answer = Client().Post("/api/draw", R"({"caption": "a"})", "application/json");
  EXPECT_EQ(answer->status, 429);
  EXPECT_GE(std::stoi(answer->get_header_value("Retry-After")), 1);
}

TEST_F(ServiceTest, RefusesLargeBodies) {
  Start();
  const std::string large(200'000, 'x');
  EXPECT_EQ(Ask(large), Said(413, "too_large"));
  const auto chunked = Client().Post(
      "/api/draw",
      [&](size_t, httplib::DataSink& sink) {
        sink.write(large.data(), large.size());
        sink.done();
        return true;
      },
      "application/json");
  if (chunked) {  // else the connection ended first
    EXPECT_EQ(chunked->status, 413);
  }
  EXPECT_EQ(Ask(R"({"caption": "still here"})"), Said(200, "still here"));
}

TEST_F(ServiceTest, ACompressedBodyCountsByItsContent) {
  Start();
  auto client = Client();
  client.set_compress(true);
  const auto answer = client.Post("/api/draw", std::string(2'000'000, ' '), "application/json");
  if (answer) {
    EXPECT_EQ(answer->status, 413);
  }
  EXPECT_EQ(Ask(R"({"caption": "still here"})"), Said(200, "still here"));
}

TEST_F(ServiceTest, CutsOffWhoIsSilentOrNeverEnds) {
  options_.clients = 2;
  options_.silence = 3;
  Start();
  std::vector<int> silent;
  for (int i = 0; i < 4; ++i) silent.push_back(Connected());
  Say(silent[0], "POST /api/draw HTTP/1.1\r\nContent-Length: 100\r\n\r\n{");
  EXPECT_EQ(Ask(R"({"caption": "a"})"), Said(200, "a"));
  // A header without an end: the connection is closed at a bound, not when memory is.
  const int endless = Connected();
  const std::string much(1 << 16, 'x');
  Say(endless, "GET / HTTP/1.1\r\nX: ");
  ssize_t sent = 0;
  for (int i = 0; i < 10'000 && sent >= 0; ++i) sent = Say(endless, much);
  EXPECT_LT(sent, 0);
  EXPECT_EQ(Ask(R"({"caption": "b"})"), Said(200, "b"));
  for (const int connection : silent) close(connection);
  close(endless);
}

TEST_F(ServiceTest, EndsWhileClientsAreSilent) {
  options_.silence = 600;
  Start();
  const int silent = Connected();
  EXPECT_EQ(Ask(R"({"caption": "a"})"), Said(200, "a"));
  service_->Stop();  // does not wait for it
  close(silent);
  EXPECT_FALSE(Client().Get("/"));
}

TEST_F(ServiceTest, APortThatIsTakenIsNamed) {
  Start();
  auto options = options_;
  options.port = port_;
  Service other(artist_, options);
  EXPECT_THROW(other.Start(), Error);
}

}  // namespace
}  // namespace helio::serve
